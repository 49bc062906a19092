import { canonicalTail } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';
import type { SpooledEvent, UndeliverableEvent } from './spool.js';

/** The stored attributes of an event. Its id and its canonical text are derived from the body. */
export type StoredEvent = Pick<SpooledEvent, 'seq' | 'body' | 'queuedAt' | 'inDoubt' | 'crashes'>;

/** A stored event that cannot be read. */
export interface UnreadableEvent extends UndeliverableEvent {
  /** Why it cannot be read. */
  reason: string;
}

/**
 * Parses stored events. The caller must set aside the unreadable ones, so that they neither get sent nor block other events.
 *
 * @param stored the stored events, in order
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
    events.push({ seq, id: event!.external_id, body, tail, bytes: Buffer.byteLength(body), queuedAt, inDoubt, crashes });
  }
  return { events, unreadable };
}

/**
 * Describes a stored event that cannot be read.
 *
 * @param seq position in the spool
 * @param body the stored text
 * @param reason why the text cannot be read
 */
export function unreadableEvent(seq: number, body: string, reason: string): UnreadableEvent {
  return { seq, id: idIn(body, seq), body, bytes: Buffer.byteLength(body), reason };
}

/**
 * Parses a stored body.
 *
 * @param body JSON that may be damaged
 * @returns undefined if the body is not an event with an `external_id`
 */
export function eventIn(body: string): (AuditEvent & { external_id: string }) | undefined {
  const event = parsed(body);
  return typeof event?.['external_id'] === 'string' ? (event as unknown as AuditEvent & { external_id: string }) : undefined;
}

/**
 * Describes an unreadable body without quoting it.
 *
 * @param body a body that {@link readStored} cannot read
 */
export function flawOf(body: string): string {
  const what =
    parsed(body) === undefined ? 'are not a JSON object' : eventIn(body) ? 'are not an event' : 'are a JSON object without external_id';
  return `its stored body cannot be read: ${Buffer.byteLength(body)} bytes that ${what}`;
}

/**
 * Finds the id of an event, even if the rest of its body is damaged.
 *
 * @param body the stored text
 * @param seq position in the spool, which becomes the id if the id is lost
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
