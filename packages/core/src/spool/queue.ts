/** A queue of the events that are not in flight, oldest first. */
export interface Queue<T extends { seq: number }> {
  push(event: T): void;
  take(limit: number): T[];
  /** Puts events back to their places, which are at the front. */
  putBack(events: readonly T[]): void;
  readonly length: number;
}

/** Creates an empty queue. It moves an index instead of calling `shift`, which copies a long array. */
export function createQueue<T extends { seq: number }>(): Queue<T> {
  let events: T[] = [];
  let head = 0;
  return {
    push: (event) => void events.push(event),
    take(limit) {
      const taken = events.slice(head, head + limit);
      head += taken.length;
      if (head > 1024 && head * 2 > events.length) {
        events = events.slice(head);
        head = 0;
      }
      return taken;
    },
    putBack(returned) {
      const rest = events.slice(head);
      const last = returned.at(-1)?.seq ?? 0;
      // Others may have been put back before, in another order than they were taken.
      const overtaken = rest.findIndex(({ seq }) => seq > last);
      const before = rest.slice(0, overtaken === -1 ? rest.length : overtaken);
      events = [...[...before, ...returned].sort((one, other) => one.seq - other.seq), ...rest.slice(before.length)];
      head = 0;
    },
    get length() {
      return events.length - head;
    },
  };
}
