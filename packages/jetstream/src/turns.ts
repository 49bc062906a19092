/** What waits in each part, as far as is known, and whose turn it is: the part that was asked last comes last. */
export class Turns {
  private counts = new Map<number, number>();

  /** The parts in their turn. */
  parts(): number[] {
    return [...this.counts.keys()];
  }

  /** One more event waits in a part. */
  add(part: number): void {
    this.counts.set(part, (this.counts.get(part) ?? 0) + 1);
  }

  /** So many events wait in a part. */
  put(part: number, count: number): void {
    this.counts.set(part, count);
  }

  /** Events of a part wait, unless it is known already. */
  note(part: number, count: number): void {
    if (!this.counts.has(part)) this.counts.set(part, count);
  }

  /**
   * A part has had its turn.
   *
   * @returns how many events waited there
   */
  take(part: number): number {
    const count = this.counts.get(part) ?? 0;
    this.counts.delete(part);
    return count;
  }

  /**
   * What the stream says takes the place of what was known.
   *
   * @param found how many events wait, by part
   */
  replace(found: ReadonlyMap<number, number>): void {
    // Parts keep their turn, which begins elsewhere in each relay: so they do not all try the same.
    const known = this.parts();
    const others = [...found.keys()].filter((part) => !this.counts.has(part));
    const start = Math.floor(Math.random() * others.length);
    const turns = [...known, ...others.slice(start), ...others.slice(0, start)];
    this.counts = new Map(turns.flatMap((part) => (found.has(part) ? [[part, found.get(part)!]] : [])));
  }

  /**
   * How many events wait.
   *
   * @param isLeftOut says of which parts not
   */
  total(isLeftOut: (part: number) => boolean): number {
    return [...this.counts].reduce((sum, [part, count]) => (isLeftOut(part) ? sum : sum + count), 0);
  }
}
