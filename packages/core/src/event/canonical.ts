import type { AuditEvent, StringMap } from './event.js';

/**
 * The text behind the event's id that the server hashes (Publisher API, "Hash"). The id is minted by the server, so this part can be
 * kept ready from the moment the event is serialised.
 *
 * @param event the event exactly as it is sent: parsed from the bytes, or made of nothing but strings and booleans
 */
export function canonicalTail(event: AuditEvent): string {
  const parts = [
    ...['', escapePart(event.action), idOf(event.target), idOf(event.actor), idOf(event.group)],
    ...[event.source_ip ? escapePart(event.source_ip) : '', isTrue(event.is_failure) ? '1' : '0', isTrue(event.is_anonymous) ? '1' : '0'],
    event.fields ? pairs(event.fields) : ':',
  ];
  if (event.external_id) parts.push(escapePart(event.external_id));
  if (event.metadata) parts.push(pairs(event.metadata));
  // Joined, it is one string; added up piece by piece it would hold every piece as long as it waits.
  return parts.join(':');
}

/**
 * The whole text that the server hashes (Publisher API, "Hash").
 *
 * @param id the id in the server's receipt
 * @param event the event exactly as it was sent
 */
export function canonicalText(id: string, event: AuditEvent): string {
  return escapePart(id) + canonicalTail(event);
}

/**
 * Whether a flag of an event counts as true: the server also takes the words, in any letter case (Publisher API, "Recorded exchanges").
 *
 * @param flag `is_failure` or `is_anonymous` as it was sent
 */
export function isTrue(flag: unknown): boolean {
  return flag === true || (typeof flag === 'string' && flag.toLowerCase() === 'true');
}

/**
 * Escapes a part of the canonical text (Publisher API, "Hash").
 *
 * @param part an id, action or address
 */
export function escapePart(part: string): string {
  // Most parts have nothing to escape, and to see that costs a tenth of replacing it.
  return /[%:]/.test(part) ? part.replaceAll('%', '%25').replaceAll(':', '%3A') : part;
}

function escapeInMap(part: string): string {
  return /[%:=;]/.test(part) ? escapePart(part).replaceAll('=', '%3D').replaceAll(';', '%3B') : part;
}

function idOf(part: { id?: string } | undefined): string {
  return part?.id ? escapePart(part.id) : '';
}

function pairs(map: StringMap): string {
  // The server does not look into a `__proto__` key, so a value behind it may be anything (trap 9).
  const all = Object.keys(map)
    .sort()
    .map((key) => `${escapeInMap(key)}=${escapeInMap(String(map[key]))};`);
  return all.join('');
}
