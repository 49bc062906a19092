import { eventId } from '../event/id.js';
import type { Auditor } from './auditor.js';

/** Creates a disabled auditor, which accepts every call and records nothing. */
export function disabledAuditor(): Auditor {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    durability: 'after-response',
    isEnabled: false,
    record: () => Promise.resolve(true),
    track: () => () => undefined,
    cover: () => undefined,
    coverage: () => [],
    advise: () => undefined,
    report: () => Promise.resolve(eventId(Date.now())),
    flush: nothing,
    close: nothing,
    stats: () => ({
      queued: 0,
      handedOver: 0,
      published: 0,
      verified: 0,
      mismatched: 0,
      lost: 0,
      setAside: 0,
      coalesced: 0,
      adopted: 0,
      retries: 0,
      waiting: 0,
    }),
    health: () => ({
      status: 'degraded',
      problems: ['the audit is disabled'],
      spool: 'memory',
      waiting: 0,
      setAside: 0,
      breaker: 'closed',
      lastReceipt: undefined,
      lastError: undefined,
    }),
    problem: () => undefined,
    [Symbol.asyncDispose]: nothing,
  };
}
