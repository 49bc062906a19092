import type { AuditEvent } from './event.js';
import { cleanEvent } from './normalise.js';

/** A number of failed logins that were counted instead of stored one by one. */
export interface CoalescedCount {
  /** The client's address; empty if it is not known. */
  source: string;
  count: number;
  /** The first and the last, in milliseconds since 1970. */
  first: number;
  last: number;
}

/**
 * Composes the event that stands for coalesced failures. `fields.coalesced_count` holds their number.
 *
 * @param coalesced the count
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
