/**
 * The events that a relay has in flight, by the instance they belong to. A relay takes further events of an instance only when none of its events are
 * in flight.
 */
export interface InFlight {
  /** Adds events. An event that is in flight already is counted once. */
  take(instance: string, seqs: readonly number[]): void;
  /**
   * Removes events.
   *
   * @returns the instances that have no more events in flight
   */
  leave(seqs: readonly number[]): string[];
  /** The instances that have events in flight. */
  instances(): string[];
  /** Number of events in flight. */
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
