import type { Logger } from '@auditlogin/core';
import type { Store } from './store.js';

/** How long and how much is kept; undefined for no bound. */
export interface RetentionBounds {
  /** In milliseconds, by the time of receipt. */
  maxAge?: number | undefined;
  /** In bytes of the database in use. */
  maxBytes?: number | undefined;
}

/** Keeps a store within bounds. */
export interface Retention {
  /** Deletes what is beyond the bounds. @returns how many events */
  sweep(): Promise<number>;
  stop(): void;
}

const INTERVAL = 60_000;
/** So few that a request which waits meanwhile does not notice. */
const CHUNK = 200;

/**
 * Deletes the oldest events beyond an age or a size, now and once a minute, a few at a time.
 *
 * @param store the events
 * @param bounds how long and how much
 * @param logger is told how many were deleted
 * @param deleted is told the same
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
