import { AuditError, isAuditError } from '../errors.js';
import type { SharedSpool } from '../spool/spool.js';
import type { Transport } from './transport.js';

/**
 * Creates a transport that sends events to an engine instead of the server. The engine recognises an event by its id, so an event that it may already
 * have can be sent again.
 *
 * @param engine the engine that takes the events
 * @param instance id of the instance that the events belong to
 */
export function handOver(engine: SharedSpool, instance: string): Transport {
  return {
    async send(events) {
      try {
        await engine.appendAll(events, instance);
        return { kind: 'handedOver' };
      } catch (thrown) {
        const error = isAuditError(thrown) ? thrown : new AuditError('ERR_AUDIT_ENGINE', `The engine "${engine.engine}" failed.`);
        return { kind: 'retry', error, inDoubt: false };
      }
    },
    find: () => Promise.resolve({ kind: 'searched', receipts: new Map() }),
    close: () => engine.close(),
  };
}
