import { REASONS } from '../attempt/attempt.js';
import { isTrue } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';

/** A property by which events are filtered and counted. */
export interface Facet {
  /** The heading of a column and the label of a field. */
  label: string;
  /** One sentence for help texts and the API's documentation. */
  description: string;
  /** The values to offer; if there are none, any text can be a value. */
  values?: readonly string[];
  /** Name of its column in the collector's database, and in CSV. */
  column: string;
  /** The letter before its terms in the collector's full-text index; no two facets share one. */
  letter: string;
  /** Reads the value from an event as it was sent or read back; undefined if the event does not have one. */
  read(event: AuditEvent): string | undefined;
}

export type FacetName = 'outcome' | 'reason' | 'account' | 'group' | 'address' | 'action';

/**
 * Every facet, in display order. The collector's database, filters, CSV and OpenAPI document, the viewer and `auditlogin tail` are generated from
 * this table.
 */
export const FACETS: Readonly<Record<FacetName, Facet>> = {
  outcome: {
    label: 'Outcome',
    description: 'How the attempt ended.',
    values: ['success', 'failure', 'challenge', 'unknown'],
    column: 'outcome',
    letter: 'o',
    read: ({ fields, is_failure }) => filled(fields?.['outcome']) ?? (isTrue(is_failure) ? 'failure' : 'success'),
  },
  reason: {
    label: 'Reason',
    description: 'Why the attempt failed.',
    values: REASONS,
    column: 'reason',
    letter: 'r',
    read: ({ fields }) => filled(fields?.['reason']),
  },
  account: {
    label: 'Account',
    description:
      'Id of the actor or, if no actor is proven, of the account that was tried; if no account is known, the typed user name as it was stored.',
    column: 'account',
    letter: 'u',
    read: (event) => accountOf(event) ?? filled(event.fields?.['identity']),
  },
  group: {
    label: 'Group',
    description: 'Id of the tenant.',
    column: 'group_id',
    letter: 'g',
    read: ({ group }) => filled(group?.id),
  },
  address: {
    label: 'Address',
    description: 'Source address or, if it has no form that the server accepts, the original text.',
    column: 'address',
    letter: 's',
    read: ({ source_ip, fields }) => filled(source_ip) ?? filled(fields?.['source_ip_seen']),
  },
  action: {
    label: 'Action',
    description: 'The audited action, e.g. user.login.',
    column: 'action',
    letter: 'x',
    read: ({ action }) => filled(action),
  },
};

export const FACET_NAMES = Object.keys(FACETS) as readonly FacetName[];

/**
 * Reads every facet of an event.
 *
 * @param event an event as it was sent or read back
 * @returns the values by facet name; undefined where the event has none
 */
export function readFacets(event: AuditEvent): Record<FacetName, string | undefined> {
  return Object.fromEntries(FACET_NAMES.map((name) => [name, FACETS[name].read(event)])) as Record<FacetName, string | undefined>;
}

/**
 * Returns the account of an event: its actor, or the account that a failed attempt was made on.
 *
 * @param event an event as it was sent or read back
 * @returns the account's id; undefined if no account is known, even if a user name was typed
 */
export function accountOf({ actor, target }: AuditEvent): string | undefined {
  return filled(actor?.id) ?? (target?.type === 'account' ? filled(target.id) : undefined);
}

/**
 * Returns the event that an event corrects. A corrected event does not count as an attempt.
 *
 * @param event an event as it was sent or read back
 * @returns the `external_id` of the event that is corrected
 */
export function correctionIn({ fields }: AuditEvent): string | undefined {
  return filled(fields?.['corrects']);
}

/**
 * Returns the number of attempts that an event stands for. It is more than one if failures were coalesced into the event.
 *
 * @param event an event as it was sent or read back
 */
export function attemptsIn({ fields }: AuditEvent): number {
  const count: unknown = fields?.['coalesced_count'];
  return typeof count === 'string' && /^[1-9]\d{0,11}$/.test(count) ? Number(count) : 1;
}

/** In some places the server accepts fields of other types, which are treated as absent. */
function filled(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
