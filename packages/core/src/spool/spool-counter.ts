import type { SerialisedEvent } from '../event/serialise.js';
import type { SpoolSize } from './spool.js';

/** Counts the events and bytes in a spool. */
export interface SpoolCounter {
  add(event: Pick<SerialisedEvent, 'bytes'>): void;
  remove(event: Pick<SerialisedEvent, 'bytes'>): void;
  readonly size: SpoolSize;
}

/**
 * Creates a counter. The caller updates `coalesced` and `setAside` in its `size`.
 *
 * @param start the initial size
 */
export function createSpoolCounter(start: Partial<SpoolSize> = {}): SpoolCounter {
  const size: SpoolSize = { events: 0, bytes: 0, coalesced: 0, setAside: 0, ...start };
  const count = ({ bytes }: Pick<SerialisedEvent, 'bytes'>, sign: 1 | -1): void => {
    size.events += sign;
    size.bytes += sign * bytes;
  };
  return { add: (event) => count(event, 1), remove: (event) => count(event, -1), size };
}
