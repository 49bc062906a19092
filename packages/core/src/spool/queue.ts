/** Events that nobody has in flight, oldest first. */
export interface Queue<T> {
  push(event: T): void;
  take(limit: number): T[];
  /** Puts events back in front. */
  putBack(events: readonly T[]): void;
  readonly length: number;
}

/** Creates a queue with a moving head: `shift` on a long array costs its length. */
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
