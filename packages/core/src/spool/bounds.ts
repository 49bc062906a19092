import { AuditError } from '../errors.js';
import type { SerialisedEvent } from '../event/serialise.js';
import type { SpoolSize } from './spool.js';

/** The bounds of a spool. */
export interface SpoolBounds {
  /** The most events that the spool holds. */
  maxEvents: number;
  /** The most bytes of event JSON that the spool holds. */
  maxBytes: number;
}

/** Above this share of the bounds, attempts that log nobody in are coalesced, so that a flood of them leaves room for successes. */
const COALESCE_ABOVE = 0.5;

/**
 * Whether there is room for logins only, so that other attempts are coalesced instead of appended.
 *
 * @param size current size of the spool
 * @param bounds bounds of the spool
 */
export function hasRoomForLoginsOnly(size: SpoolSize, bounds: SpoolBounds): boolean {
  return size.events >= bounds.maxEvents * COALESCE_ABOVE || size.bytes >= bounds.maxBytes * COALESCE_ABOVE;
}

/**
 * Checks whether there is room for an event.
 *
 * @param event the event
 * @param size current size of the spool
 * @param bounds bounds of the spool
 * @returns the error `ERR_AUDIT_SPOOL_FULL`; undefined if there is room
 */
export function refusalOf(event: SerialisedEvent, size: SpoolSize, bounds: SpoolBounds): AuditError | undefined {
  if (size.events < bounds.maxEvents && size.bytes + event.bytes <= bounds.maxBytes) return undefined;
  const seen = `${size.events} events with ${size.bytes} bytes`;
  const bound = `${bounds.maxEvents} events and ${bounds.maxBytes} bytes`;
  return new AuditError('ERR_AUDIT_SPOOL_FULL', `The spool is full: it holds ${seen}; its bounds are ${bound}.`);
}
