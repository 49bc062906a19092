import { hash } from 'node:crypto';
import type { AuditEvent } from '@auditlogin/core';
import { isTrue } from '@auditlogin/core/log';

/** What the viewer filters and counts by, read out of an event once, when it is stored. */
export interface Facts {
  /** `fields.outcome`, else what `is_failure` says. */
  outcome: string;
  reason: string | null;
  /** The actor's id, or the identity that was typed. */
  account: string | null;
  /** The address as the server takes it, or as it was seen. */
  address: string | null;
  /** How many attempts it stands for: more than one, when failures were coalesced. */
  attempts: number;
}

/** What an event is looked up by, exactly. */
export type Facet = 'outcome' | 'reason' | 'account' | 'address' | 'group' | 'action';

const KNOWN_WORDS = 10_000;
/** Most values come again and again. */
const words = new Map<string, string>();
const LETTERS: Record<Facet, string> = { outcome: 'o', reason: 'r', account: 'u', address: 's', group: 'g', action: 'x' };

/**
 * Reads the facts of an event.
 *
 * @param event the event as it was sent
 */
export function factsOf({ fields, actor, source_ip, is_failure }: AuditEvent): Facts {
  return {
    outcome: textOrNull(fields?.['outcome']) ?? (isTrue(is_failure) ? 'failure' : 'success'),
    reason: textOrNull(fields?.['reason']),
    account: textOrNull(actor?.id) ?? textOrNull(fields?.['identity']),
    address: textOrNull(source_ip) ?? textOrNull(fields?.['source_ip_seen']),
    attempts: attemptsOf(fields?.['coalesced_count']),
  };
}

/**
 * The word that stands for a facet's value in the full-text index: one word, whatever the value is.
 *
 * @param facet the facet
 * @param value its value
 */
export function facetWord(facet: Facet, value: string): string {
  let word = words.get(value);
  if (word === undefined) {
    if (words.size >= KNOWN_WORDS) words.clear();
    words.set(value, (word = hash('sha256', value).slice(0, 20)));
  }
  return LETTERS[facet] + word;
}

/**
 * The words of all facets of an event.
 *
 * @param event the event as it was sent
 * @param facts its facts
 */
export function facetWords({ action, group }: AuditEvent, { outcome, reason, account, address }: Facts): string {
  const given = Object.entries({ outcome, reason, account, address, action, group: group?.id ?? null });
  return given.map(([facet, value]) => (value === null ? '' : facetWord(facet as Facet, value))).join(' ');
}

function attemptsOf(coalesced: unknown): number {
  return typeof coalesced === 'string' && /^[1-9]\d{0,11}$/.test(coalesced) ? Number(coalesced) : 1;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
