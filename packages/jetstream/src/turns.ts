/** Number of waiting events in each partition, as of the last refresh. The partition that was asked last comes last. */
export class Turns {
  private counts = new Map<number, number>();

  /** Returns the partitions in the order in which they are asked. */
  partitions(): number[] {
    return [...this.counts.keys()];
  }

  /** Adds one event to a partition. */
  add(partition: number): void {
    this.counts.set(partition, (this.counts.get(partition) ?? 0) + 1);
  }

  /** Sets the number of events that wait in a partition. */
  put(partition: number, count: number): void {
    this.counts.set(partition, count);
  }

  /** Sets the number of events that wait in a partition, unless it is known already. */
  note(partition: number, count: number): void {
    if (!this.counts.has(partition)) this.counts.set(partition, count);
  }

  /**
   * Removes a partition whose turn it is.
   *
   * @returns the number of events that waited there
   */
  take(partition: number): number {
    const count = this.counts.get(partition) ?? 0;
    this.counts.delete(partition);
    return count;
  }

  /**
   * Replaces all numbers by those of the stream.
   *
   * @param found number of waiting events by partition
   */
  replace(found: ReadonlyMap<number, number>): void {
    // Partitions are asked in turn. New ones are added from a random position on, so that not all relays try the same partition first.
    const known = this.partitions();
    const others = [...found.keys()].filter((partition) => !this.counts.has(partition));
    const start = Math.floor(Math.random() * others.length);
    const turns = [...known, ...others.slice(start), ...others.slice(0, start)];
    this.counts = new Map(turns.flatMap((partition) => (found.has(partition) ? [[partition, found.get(partition)!]] : [])));
  }

  /**
   * Counts the waiting events.
   *
   * @param isLeftOut whether a partition is not counted
   */
  total(isLeftOut: (partition: number) => boolean): number {
    return [...this.counts].reduce((sum, [partition, count]) => (isLeftOut(partition) ? sum : sum + count), 0);
  }
}
