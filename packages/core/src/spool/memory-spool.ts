import { canonicalTail } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';
import { type SpoolBounds, refusalOf } from './bounds.js';
import { createCoalescedTable } from './coalesced.js';
import { createQueue } from './queue.js';
import type { CoalescingSpool, DeadLetter, SpooledEvent } from './spool.js';
import { createSpoolCounter } from './spool-counter.js';

const MAX_DEAD_LETTERS = 100;
/** Beyond this number of waiting events, the canonical text is not kept in memory but computed again when the event is sent. */
const MAX_READY = 20_000;

/** A waiting event, with or without its canonical text. */
type Waiting = Omit<SpooledEvent, 'tail'> & { tail: string | undefined };

/**
 * Creates a spool in memory, which is lost with the process. The newest hundred dead letters can be inspected.
 *
 * @param bounds bounds of the spool
 */
export function memorySpool(bounds: SpoolBounds): CoalescingSpool & { deadLetters(): readonly DeadLetter[] } {
  const queue = createQueue<Waiting>();
  const counter = createSpoolCounter();
  const table = createCoalescedTable();
  let deadLetters: DeadLetter[] = [];
  let seq = 0;

  function put(event: SerialisedEvent): void {
    const refusal = refusalOf(event, counter.size, bounds);
    if (refusal) throw refusal;
    counter.add(event);
    const { id, body, bytes } = event;
    const tail = queue.length < MAX_READY ? event.tail : undefined;
    queue.push({ seq: (seq += 1), id, body, tail, bytes, queuedAt: Date.now(), inDoubt: false, crashes: 0 });
  }

  return {
    isDurable: false,
    append: (event) => settled(() => put(event)),
    peek: (limit) => Promise.resolve(queue.take(limit).map(ready)),
    begin: () => Promise.resolve(),
    release(events, inDoubt) {
      queue.putBack(inDoubt ? events.map((event): SpooledEvent => ({ ...event, inDoubt })) : events);
      return Promise.resolve();
    },
    settle(settled) {
      for (const { event } of settled) counter.remove(event);
      return Promise.resolve();
    },
    deadLetter(event, reason) {
      counter.remove(event);
      deadLetters = [...deadLetters, { seq: event.seq, id: event.id, body: event.body, reason, at: Date.now() }].slice(-MAX_DEAD_LETTERS);
      counter.size.setAside = deadLetters.length;
      return Promise.resolve();
    },
    coalesce(kind, at) {
      table.add(kind, at);
      counter.size.coalesced += 1;
      return Promise.resolve();
    },
    coalesced: (before) => Promise.resolve(table.before(before)),
    replaceCoalesced: (coalesced, event) =>
      settled(() => {
        put(event);
        table.subtract(coalesced);
        counter.size.coalesced -= coalesced.count;
      }),
    size: () => ({ ...counter.size }),
    waiting: () => queue.length,
    deadLetters: () => deadLetters,
    close: () => Promise.resolve(),
  };
}

function ready(event: Waiting): SpooledEvent {
  event.tail ??= canonicalTail(JSON.parse(event.body) as AuditEvent);
  return event as SpooledEvent;
}

/** Runs synchronous work; an exception becomes a rejection. */
function settled(work: () => void): Promise<void> {
  return new Promise((resolve) => {
    work();
    resolve();
  });
}
