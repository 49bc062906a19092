/** How long a batch gathers items, in milliseconds, and the most items in it. */
const GATHER_TIME = 5;
const GATHER_MOST = 50;

/** Gathers items and processes them together. */
export class Batcher<Item, Result> {
  private items: Item[] = [];
  private open: { timer: NodeJS.Timeout; result: Promise<Result>; settle(result: Promise<Result>): void } | undefined;

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
    clearTimeout(open.timer);
    open.settle(this.process(items));
  }

  private begin(): NonNullable<typeof this.open> {
    let settle!: (result: Promise<Result>) => void;
    const result = new Promise<Result>((resolve) => (settle = resolve));
    this.opened(result);
    return { timer: setTimeout(() => this.end(), GATHER_TIME), result, settle };
  }
}
