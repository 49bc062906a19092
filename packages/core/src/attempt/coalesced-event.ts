import { aboutAction, type AuditAction } from './action.js';
import type { AuditEvent } from '../event/event.js';
import { cleanEvent } from '../event/normalise.js';

/** A number of attempts that were counted instead of stored one by one. */
export interface CoalescedCount {
  /** An action of the audit. */
  action: string;
  outcome: string;
  /** The client's address; empty if it is not known. */
  source: string;
  count: number;
  /** The first and the last, in milliseconds since 1970. */
  first: number;
  last: number;
}

/**
 * Composes the event that stands for coalesced attempts. `fields.coalesced_count` holds their number.
 *
 * @param coalesced the count
 * @param about the application's name and version
 */
export function composeCoalesced(
  { action, outcome, source, count, first, last }: CoalescedCount,
  about: { component?: string | undefined; version?: string | undefined },
): AuditEvent {
  const { crud, title } = aboutAction(action as AuditAction);
  return cleanEvent({
    action,
    crud,
    is_failure: outcome === 'failure' || outcome === 'unknown',
    is_anonymous: true,
    source_ip: source === '' ? undefined : source,
    created: first,
    description: `${title}: ${count} attempts with the outcome "${outcome}" from ${source === '' ? 'many sources' : 'one source'} within a minute`,
    component: about.component,
    version: about.version,
    fields: {
      outcome,
      evidence: 'coalesced',
      coalesced_count: count,
      coalesced_first: new Date(first).toISOString(),
      coalesced_last: new Date(last).toISOString(),
    },
  });
}
