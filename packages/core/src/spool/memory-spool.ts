import type { SerialisedEvent } from '../event/serialise.js';
import { type SpoolBounds, checkRoom } from './bounds.js';
import { createFoldTable } from './folds.js';
import { createQueue } from './queue.js';
import type { SetAsideEvent, Spool, SpooledEvent } from './spool.js';
import { createTally } from './tally.js';

const MAX_SET_ASIDE = 100;

/**
 * A spool that lasts as long as its process. What was set aside is kept for a look, the newest hundred.
 *
 * @param bounds how much it holds
 */
export function memorySpool(bounds: SpoolBounds): Spool & { setAsideEvents(): readonly SetAsideEvent[] } {
  const queue = createQueue();
  const tally = createTally();
  const folds = createFoldTable();
  let setAside: SetAsideEvent[] = [];
  let seq = 0;

  function put(event: SerialisedEvent): void {
    checkRoom(event, tally.size, bounds);
    tally.add(event);
    queue.push({ ...event, seq: (seq += 1), queuedAt: Date.now(), inDoubt: false, crashes: 0 });
  }

  return {
    isDurable: false,
    append: (event) => settled(() => put(event)),
    peek: (limit) => Promise.resolve(queue.take(limit)),
    begin: () => Promise.resolve(),
    release(events, inDoubt) {
      queue.putBack(inDoubt ? events.map((event): SpooledEvent => ({ ...event, inDoubt })) : events);
      return Promise.resolve();
    },
    settle(settled) {
      for (const { event } of settled) tally.remove(event);
      return Promise.resolve();
    },
    setAside(event, reason) {
      tally.remove(event);
      setAside = [...setAside, { seq: event.seq, id: event.id, body: event.body, reason, at: Date.now() }].slice(-MAX_SET_ASIDE);
      tally.size.setAside = setAside.length;
      return Promise.resolve();
    },
    fold(source, at) {
      folds.add(source, at);
      tally.size.folded += 1;
      return Promise.resolve();
    },
    folds: (before) => Promise.resolve(folds.before(before)),
    unfold: (fold, event) =>
      settled(() => {
        put(event);
        folds.subtract(fold);
        tally.size.folded -= fold.count;
      }),
    size: () => ({ ...tally.size }),
    waiting: () => queue.length,
    setAsideEvents: () => setAside,
    close: () => Promise.resolve(),
  };
}

/** What is done at once, as a promise. */
function settled(work: () => void): Promise<void> {
  return new Promise((resolve) => {
    work();
    resolve();
  });
}
