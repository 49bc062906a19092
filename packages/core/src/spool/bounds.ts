import { AuditError } from '../errors.js';
import type { SerialisedEvent } from '../event/serialise.js';
import type { SpoolSize } from './spool.js';

/** The bounds of a spool. */
export interface SpoolBounds {
  /** The most events that it holds. */
  maxEvents: number;
  /** The most bytes of JSON that it holds. */
  maxBytes: number;
}

/** The share of the bounds above which failures are folded, so that a flood of them leaves room for successes. */
const FOLD_ABOVE = 0.5;

/**
 * Whether a failed attempt is to be folded instead of appended: failures may take half of the room, successes all of it.
 *
 * @param event the event
 * @param size what the spool holds
 * @param bounds what it may hold
 */
export function isToBeFolded(event: Pick<SerialisedEvent, 'isFailure'>, size: SpoolSize, bounds: SpoolBounds): boolean {
  if (!event.isFailure) return false;
  return size.failures >= bounds.maxEvents * FOLD_ABOVE || size.bytes >= bounds.maxBytes * FOLD_ABOVE;
}

/**
 * Whether there is room for an event.
 *
 * @param event the event
 * @param size what the spool holds
 * @param bounds what it may hold
 * @throws AuditError `ERR_AUDIT_SPOOL_FULL` when there is none
 */
export function checkRoom(event: SerialisedEvent, size: SpoolSize, bounds: SpoolBounds): void {
  if (size.events < bounds.maxEvents && size.bytes + event.bytes <= bounds.maxBytes) return;
  const seen = `${size.events} events with ${size.bytes} bytes`;
  const bound = `${bounds.maxEvents} events and ${bounds.maxBytes} bytes`;
  throw new AuditError('ERR_AUDIT_SPOOL_FULL', `The spool is full: it holds ${seen}, and takes ${bound}.`);
}
