import type { SerialisedEvent } from '../event/serialise.js';
import { AuditError } from '../errors.js';
import type { Spool } from './spool.js';

/** The bounds of a spool in memory. */
export interface MemorySpoolOptions {
  /** The most events that it holds. */
  maxEvents: number;
  /** The most bytes of JSON that it holds. */
  maxBytes: number;
}

const MAX_SET_ASIDE = 100;

/**
 * A spool that lasts as long as its process. What was set aside is kept for a look, the newest hundred.
 *
 * @param options its bounds
 */
export function memorySpool(
  options: MemorySpoolOptions,
): Spool & { setAsideEvents(): readonly { event: SerialisedEvent; reason: string }[] } {
  // A queue with a moving head: `shift` on a long array costs its length.
  let queue: SerialisedEvent[] = [];
  let head = 0;
  let events = 0;
  let bytes = 0;
  let setAside: { event: SerialisedEvent; reason: string }[] = [];

  function forget(event: SerialisedEvent): void {
    events -= 1;
    bytes -= event.bytes;
  }

  return {
    append(event) {
      if (events >= options.maxEvents || bytes + event.bytes > options.maxBytes) {
        const seen = `${events} events with ${bytes} bytes`;
        const bound = `${options.maxEvents} events and ${options.maxBytes} bytes`;
        return Promise.reject(new AuditError('ERR_AUDIT_SPOOL_FULL', `The spool is full: it holds ${seen}, and takes ${bound}.`));
      }
      queue.push(event);
      events += 1;
      bytes += event.bytes;
      return Promise.resolve();
    },
    peek(limit) {
      const taken = queue.slice(head, head + limit);
      head += taken.length;
      if (head > 1024 && head * 2 > queue.length) {
        queue = queue.slice(head);
        head = 0;
      }
      return Promise.resolve(taken);
    },
    release(released) {
      queue = [...released, ...queue.slice(head)];
      head = 0;
      return Promise.resolve();
    },
    settle(settled) {
      settled.forEach(forget);
      return Promise.resolve();
    },
    setAside(event, reason) {
      forget(event);
      setAside = [...setAside, { event, reason }].slice(-MAX_SET_ASIDE);
      return Promise.resolve();
    },
    size: () => ({ events, bytes }),
    waiting: () => queue.length - head,
    setAsideEvents: () => setAside,
    close: () => Promise.resolve(),
  };
}
