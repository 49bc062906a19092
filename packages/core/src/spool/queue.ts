/** A queue of the events that are not in flight, oldest first. */
export interface Queue<T> {
  push(event: T): void;
  take(limit: number): T[];
  /** Puts events back to the front. */
  putBack(events: readonly T[]): void;
  readonly length: number;
}

/** Creates an empty queue. It moves an index instead of calling `shift`, which copies a long array. */
export function createQueue<T>(): Queue<T> {
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
      events = [...returned, ...events.slice(head)];
      head = 0;
    },
    get length() {
      return events.length - head;
    },
  };
}
