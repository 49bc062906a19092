import { canonicalTail } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';
import type { SpooledEvent, UndeliverableEvent } from './spool.js';

/** An event as storage keeps it: its id, and the text behind the server's, follow from its body. */
export type StoredEvent = Pick<SpooledEvent, 'seq' | 'body' | 'queuedAt' | 'inDoubt' | 'crashes'>;

/** What is stored in the place of an event and cannot be read. */
export interface UnreadableEvent extends UndeliverableEvent {
  /** What was seen. */
  reason: string;
}

/**
 * Reads events out of storage. What cannot be read is to be set aside: it must neither be sent nor keep others from being sent.
 *
 * @param stored what is stored, in its order
 */
export function readStored(stored: readonly StoredEvent[]): { events: SpooledEvent[]; unreadable: UnreadableEvent[] } {
  const events: SpooledEvent[] = [];
  const unreadable: UnreadableEvent[] = [];
  for (const { seq, body, queuedAt, inDoubt, crashes } of stored) {
    const event = eventIn(body);
    const tail = event && tailOf(event);
    if (tail === undefined) {
      unreadable.push(unreadableEvent(seq, body, flawOf(body)));
      continue;
    }
    const { external_id: id, is_failure } = event!;
    events.push({ ...{ seq, id, body, tail, bytes: Buffer.byteLength(body), isFailure: is_failure === true }, queuedAt, inDoubt, crashes });
  }
  return { events, unreadable };
}

/**
 * Describes what cannot be read.
 *
 * @param seq its place
 * @param body what is stored there
 * @param reason why it cannot be read
 */
export function unreadableEvent(seq: number, body: string, reason: string): UnreadableEvent {
  return { seq, id: idIn(body, seq), body, bytes: Buffer.byteLength(body), isFailure: parsed(body)?.['is_failure'] === true, reason };
}

/**
 * The event in a stored body.
 *
 * @param body its JSON, which may be damaged
 * @returns undefined if it is no event with an id
 */
export function eventIn(body: string): (AuditEvent & { external_id: string }) | undefined {
  const event = parsed(body);
  return typeof event?.['external_id'] === 'string' ? (event as unknown as AuditEvent & { external_id: string }) : undefined;
}

/**
 * Says what was seen in the place of an event, without a word of its text.
 *
 * @param body what {@link readStored} cannot read
 */
export function flawOf(body: string): string {
  const what =
    parsed(body) === undefined ? 'are no JSON object' : eventIn(body) ? 'are no event' : 'are an object without the id of an event';
  return `its stored body cannot be read: ${Buffer.byteLength(body)} bytes that ${what}`;
}

/**
 * The id of an event, also out of a body that is damaged elsewhere.
 *
 * @param body what is stored
 * @param seq its place, which names it if the id is lost
 */
export function idIn(body: string, seq: number): string {
  return eventIn(body)?.external_id ?? /"external_id":"([^"\\]{1,64})"/.exec(body)?.[1] ?? `damaged-${seq}`;
}

function tailOf(event: AuditEvent): string | undefined {
  try {
    return canonicalTail(event);
  } catch {
    return undefined;
  }
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
