import { eventId } from '../event/id.js';
import type { Auditor } from './auditor.js';

/** An auditor that is switched off: it takes everything and keeps nothing. */
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
      problems: ['the audit is switched off'],
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
