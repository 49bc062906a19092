/** Work that is under way, and who waits for its end. */
export class PendingWork {
  private count = 0;
  private waiting: (() => void)[] = [];

  /**
   * Counts work until it is done.
   *
   * @param work may reject
   * @returns the same
   */
  add<T>(work: Promise<T>): Promise<T> {
    this.count += 1;
    work.then(this.end, this.end);
    return work;
  }

  isEmpty(): boolean {
    return this.count === 0;
  }

  /** Resolves the next time that nothing is under way. */
  done(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private readonly end = (): void => {
    this.count -= 1;
    if (this.count > 0) return;
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  };
}
