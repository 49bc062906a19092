import type { AuditEvent } from './event.js';
import { cleanEvent } from './normalise.js';

/** Failed logins of which only the number was kept. */
export interface CoalescedCount {
  /** The source's address; empty when it is not known. */
  source: string;
  count: number;
  /** The first and the last, in milliseconds since 1970. */
  first: number;
  last: number;
}

/**
 * The event that stands for coalesced failures: `fields.coalesced_count` says how many.
 *
 * @param coalesced what was kept
 * @param about the application's name and version
 */
export function composeCoalesced(
  { source, count, first, last }: CoalescedCount,
  about: { component?: string | undefined; version?: string | undefined },
): AuditEvent {
  return cleanEvent({
    action: 'user.login',
    crud: 'c',
    is_failure: true,
    is_anonymous: true,
    source_ip: source === '' ? undefined : source,
    created: first,
    description: `${count} failed logins from ${source === '' ? 'many sources' : 'one source'} within a minute`,
    component: about.component,
    version: about.version,
    fields: {
      outcome: 'failure',
      evidence: 'coalesced',
      coalesced_count: count,
      coalesced_first: new Date(first).toISOString(),
      coalesced_last: new Date(last).toISOString(),
    },
  });
}
