/** Running work, and the callers that wait for its end. */
export class PendingWork {
  private count = 0;
  private waiting: (() => void)[] = [];

  /**
   * Counts work as running until it settles.
   *
   * @param work a promise, which may reject
   * @returns the same promise
   */
  add<T>(work: Promise<T>): Promise<T> {
    this.count += 1;
    work.then(this.end, this.end);
    return work;
  }

  isEmpty(): boolean {
    return this.count === 0;
  }

  /** Resolves the next time that no work is running. */
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
