import { AuditError, isAuditError } from '../errors.js';
import type { SharedSpool } from '../spool/spool.js';
import type { Transport } from './transport.js';

/**
 * Carries events to an engine instead of the server. The engine knows each event by its id, so one that may be there can be sent again.
 *
 * @param engine takes them
 * @param instance the process that they are of
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
