/** How long a batch gathers items under load, in milliseconds, and the most items in it. */
const GATHER_TIME = 5;
const GATHER_MOST = 50;

interface OpenBatch<Result> {
  /** Ends the batch of an idle process in the same turn of the event loop, and gathers otherwise. */
  trigger: { cancel(): void };
  result: Promise<Result>;
  settle(result: Promise<Result>): void;
}

/**
 * Gathers items and processes them together, since that costs less. The first item after a pause waits for no other: it would be lost if the process
 * was killed meanwhile.
 */
export class Batcher<Item, Result> {
  private items: Item[] = [];
  private open: OpenBatch<Result> | undefined;
  /** When the last batch ended, by the monotonic clock. */
  private endedAt = -GATHER_TIME;

  /**
   * @param process processes the items of a batch
   * @param opened called with the result of each batch when its first item is added
   */
  constructor(
    private readonly process: (items: Item[]) => Promise<Result>,
    private readonly opened: (result: Promise<Result>) => void,
  ) {}

  /**
   * Adds an item to the current batch.
   *
   * @returns the result of the whole batch
   */
  add(item: Item): Promise<Result> {
    this.items.push(item);
    this.open ??= this.begin();
    const { result } = this.open;
    if (this.items.length === GATHER_MOST) this.end();
    return result;
  }

  /** Processes the current batch without waiting for more items. */
  end(): void {
    if (!this.open) return;
    const { open, items } = this;
    this.open = undefined;
    this.items = [];
    open.trigger.cancel();
    open.settle(this.process(items));
    this.endedAt = performance.now();
  }

  private begin(): OpenBatch<Result> {
    let settle!: (result: Promise<Result>) => void;
    const result = new Promise<Result>((resolve) => (settle = resolve));
    this.opened(result);
    return { trigger: this.trigger(), result, settle };
  }

  private trigger(): { cancel(): void } {
    const end = (): void => this.end();
    if (performance.now() - this.endedAt < GATHER_TIME) {
      const timer = setTimeout(end, GATHER_TIME);
      return { cancel: () => clearTimeout(timer) };
    }
    const immediate = setImmediate(end);
    return { cancel: () => clearImmediate(immediate) };
  }
}
