import { AuditError } from '../errors.js';
import { canonicalTail } from './canonical.js';
import type { AuditEvent } from './event.js';

/** A serialised event. The same strings are spooled, sent and hashed. */
export interface SerialisedEvent {
  /** The event's `external_id`: a UUIDv7 unless the caller set one. */
  id: string;
  /** The JSON that is sent. */
  body: string;
  /** The part of the canonical text that follows the server's id. */
  tail: string;
  /** The length of `body` in UTF-8. */
  bytes: number;
}

/** The largest event that is queued, in bytes. Fifty of these stay within the server's limit of 10 MiB (Publisher API, "Calls"). */
const MAX_EVENT_BYTES = 131_072;

/**
 * Serialises an event. The hashed text is made from the same strings as the JSON that is sent (Publisher API, trap 8).
 *
 * @param event a normalised event with an `external_id`
 * @param largest the largest valid size of the JSON, in bytes; by default that of an event that is queued, 128 KiB
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID` if the event is larger
 */
export function serialise(event: AuditEvent & { external_id: string }, largest = MAX_EVENT_BYTES): SerialisedEvent {
  const body = JSON.stringify(event);
  const bytes = Buffer.byteLength(body);
  if (bytes > largest) {
    throw new AuditError('ERR_AUDIT_EVENT_INVALID', `The event is too large: it has ${bytes} bytes as JSON; expected at most ${largest}.`);
  }
  return { id: event.external_id, body, tail: canonicalTail(event), bytes };
}
