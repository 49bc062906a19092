import { AuditError } from '../errors.js';
import { canonicalTail } from './canonical.js';
import type { AuditEvent } from './event.js';

/** An event in the bytes that are spooled, sent and hashed: made once, never again. */
export interface SerialisedEvent {
  /** Our id of the event, a UUIDv7 unless the caller set one; the event's `external_id`. */
  id: string;
  /** The JSON that is sent. */
  body: string;
  /** The canonical text behind the server's id. */
  tail: string;
  /** The length of `body` in UTF-8. */
  bytes: number;
  isFailure: boolean;
}

/** The largest event that we queue: fifty of them stay within the server's 10 MiB (Publisher API, "Calls"). */
const MAX_EVENT_BYTES = 131_072;

/**
 * Fixes an event's bytes. What is hashed is what is sent: both come from the same strings (Publisher API, trap 8).
 *
 * @param event a normalised event with an `external_id`
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID` when the event is larger than {@link MAX_EVENT_BYTES}
 */
export function serialise(event: AuditEvent & { external_id: string }): SerialisedEvent {
  const body = JSON.stringify(event);
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_EVENT_BYTES) {
    throw new AuditError(
      'ERR_AUDIT_EVENT_INVALID',
      `The event was not queued: it has ${bytes} bytes as JSON; expected at most ${MAX_EVENT_BYTES}.`,
    );
  }
  return { id: event.external_id, body, tail: canonicalTail(event), bytes, isFailure: event.is_failure === true };
}
