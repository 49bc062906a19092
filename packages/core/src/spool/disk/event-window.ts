import { createQueue } from '../queue.js';
import type { SpooledEvent } from '../spool.js';

/** The most events that are kept in memory, ready to be sent. The others are read from disk when it is their turn. */
const WINDOW_EVENTS = 20_000;
const WINDOW_BYTES = 16_777_216;
const READ_EVENTS = 1_000;

/** What was read from disk. */
interface Refill {
  events: readonly SpooledEvent[];
  /** Number of events that were read, including those that are damaged. */
  found: number;
  /** Position of the last event that was read; undefined if there is none. */
  last: number | undefined;
}

/** The events of a spool that wait: some are in memory, ready to be sent; those behind them are on disk only. */
export class EventWindow {
  private readonly queue = createQueue<SpooledEvent>();
  private bytes = 0;
  private lastInMemory = 0;
  private onDisk = 0;

  get waiting(): number {
    return this.queue.length + this.onDisk;
  }

  /** Whether the next event has to be read from disk. */
  get isDrained(): boolean {
    return this.queue.length === 0 && this.onDisk > 0;
  }

  /** Which events are to be read from disk next. */
  get next(): { after: number; limit: number; maxBytes: number } {
    return { after: this.lastInMemory, limit: READ_EVENTS, maxBytes: WINDOW_BYTES };
  }

  /** Adds an event that was appended. It is kept in memory unless older events are on disk only, which it must not overtake. */
  add(event: SpooledEvent): void {
    if (this.onDisk > 0 || this.queue.length >= WINDOW_EVENTS || this.bytes >= WINDOW_BYTES) {
      this.onDisk += 1;
      return;
    }
    this.lastInMemory = event.seq;
    this.push(event);
  }

  /** Counts events that are on disk only. Newer ones must not overtake them, so these stay on disk as well until it is their turn. */
  addOnDisk(count: number): void {
    this.onDisk += count;
  }

  refill({ events, found, last }: Refill): void {
    this.onDisk = found === 0 ? 0 : Math.max(0, this.onDisk - found);
    this.lastInMemory = last ?? this.lastInMemory;
    for (const event of events) this.push(event);
  }

  take(limit: number): SpooledEvent[] {
    const taken = this.queue.take(limit);
    for (const { bytes } of taken) this.bytes -= bytes;
    return taken;
  }

  putBack(events: readonly SpooledEvent[]): void {
    for (const { bytes } of events) this.bytes += bytes;
    this.queue.putBack(events);
  }

  private push(event: SpooledEvent): void {
    this.bytes += event.bytes;
    this.queue.push(event);
  }
}
