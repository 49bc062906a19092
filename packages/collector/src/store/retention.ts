import type { Logger } from '@auditlogin/core';
import type { Store } from './store.js';

/** The bounds of a store; undefined for no bound. */
export interface RetentionBounds {
  /** The age since receipt, in milliseconds. */
  maxAge?: number | undefined;
  /** The size of the database in use, in bytes. */
  maxBytes?: number | undefined;
}

/** Keeps a store within its bounds. */
export interface Retention {
  /** Deletes the events beyond the bounds. @returns the number of deleted events */
  sweep(): Promise<number>;
  stop(): void;
}

/** In milliseconds. */
const INTERVAL = 60_000;
/** Number of events that are deleted at a time, small enough not to delay requests. */
const CHUNK = 200;

/**
 * Deletes the oldest events beyond an age or a size, now and then once a minute.
 *
 * @param store the store of the events
 * @param bounds the age and the size
 * @param logger gets a warning with the number of deleted events
 * @param deleted called with the number of deleted events
 */
export function startRetention(
  store: Store,
  { maxAge, maxBytes }: RetentionBounds,
  logger: Logger,
  deleted: (events: number) => void,
): Retention {
  let stopped = false;
  let sweeping: Promise<number> | undefined;

  function step(): number {
    if (maxAge !== undefined) {
      const old = store.deleteOldest(Date.now() - maxAge, CHUNK);
      if (old > 0) return old;
    }
    return maxBytes !== undefined && store.bytes() > maxBytes ? store.deleteOldest(Number.MAX_SAFE_INTEGER, CHUNK) : 0;
  }

  async function run(): Promise<number> {
    let count = 0;
    for (let gone = step(); gone > 0 && !stopped; gone = step()) {
      count += gone;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (count > 0) {
      deleted(count);
      logger.warn({ deleted: count }, `Retention: ${count} ${count === 1 ? 'event was' : 'events were'} deleted.`);
    }
    return count;
  }

  const sweep = (): Promise<number> => (sweeping ??= run().finally(() => (sweeping = undefined)));
  const quietly = (): void => void sweep().catch((thrown: unknown) => logger.error({ error: String(thrown) }, 'Retention failed.'));
  const isBounded = maxAge !== undefined || maxBytes !== undefined;
  const timer = isBounded ? setInterval(quietly, INTERVAL).unref() : undefined;
  if (isBounded) quietly();

  return {
    sweep,
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}
