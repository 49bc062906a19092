/** What a relay has in flight, by the process that it is of: of one process nothing more is taken until all of it is done. */
export interface InFlight {
  /** Takes events as in flight; one that is there already counts once. */
  take(instance: string, seqs: readonly number[]): void;
  /**
   * Lets go of events.
   *
   * @returns the processes of which nothing is in flight any more
   */
  leave(seqs: readonly number[]): string[];
  /** The processes of which something is in flight. */
  instances(): string[];
  /** How many events are in flight. */
  size(): number;
}

/** Creates an empty set. */
export function createInFlight(): InFlight {
  const instanceOf = new Map<number, string>();
  const counts = new Map<string, number>();
  return {
    take(instance, seqs) {
      for (const seq of seqs) {
        if (instanceOf.has(seq)) continue;
        instanceOf.set(seq, instance);
        counts.set(instance, (counts.get(instance) ?? 0) + 1);
      }
    },
    leave(seqs) {
      const free: string[] = [];
      for (const seq of seqs) {
        const instance = instanceOf.get(seq);
        if (instance === undefined) continue;
        instanceOf.delete(seq);
        const left = counts.get(instance)! - 1;
        if (left > 0) counts.set(instance, left);
        else {
          counts.delete(instance);
          free.push(instance);
        }
      }
      return free;
    },
    instances: () => [...counts.keys()],
    size: () => instanceOf.size,
  };
}
