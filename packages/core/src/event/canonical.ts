import type { AuditEvent, StringMap } from './event.js';

/**
 * The part of the hashed text that follows the event's id (Publisher API, "Hash"). The server mints the id, so this part is computed when the event
 * is serialised.
 *
 * @param event the event exactly as it is sent: parsed from the sent JSON, or made of strings and booleans only
 */
export function canonicalTail(event: AuditEvent): string {
  const parts = [
    '',
    escapePart(event.action),
    idOf(event.target),
    idOf(event.actor),
    idOf(event.group),
    event.source_ip ? escapePart(event.source_ip) : '',
    isTrue(event.is_failure) ? '1' : '0',
    isTrue(event.is_anonymous) ? '1' : '0',
    event.fields ? pairs(event.fields) : ':',
  ];
  if (event.external_id) parts.push(escapePart(event.external_id));
  if (event.metadata) parts.push(pairs(event.metadata));
  // `join` makes one flat string. Concatenation would make a rope that keeps every piece in memory while the event waits.
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
 * Whether a flag of an event is true. The server also accepts the string "true" in any letter case (Publisher API, "Recorded exchanges").
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
  // Most texts have nothing to escape, and the test is much cheaper than two replacements.
  return /[%:]/.test(part) ? part.replaceAll('%', '%25').replaceAll(':', '%3A') : part;
}

function escapeInMap(part: string): string {
  return /[%:=;]/.test(part) ? escapePart(part).replaceAll('=', '%3D').replaceAll(';', '%3B') : part;
}

function idOf(part: { id?: string } | undefined): string {
  return part?.id ? escapePart(part.id) : '';
}

function pairs(map: StringMap): string {
  // The server does not check the value of a `__proto__` key, so it may be of any type (Publisher API, trap 9).
  const all = Object.keys(map)
    .sort()
    .map((key) => `${escapeInMap(key)}=${escapeInMap(String(map[key]))};`);
  return all.join('');
}
