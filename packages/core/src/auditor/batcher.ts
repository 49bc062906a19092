/** Items gather for so long, in milliseconds, or to so many. */
const GATHER_TIME = 5;
const GATHER_MOST = 50;

/** Gathers items and processes them together. */
export class Batcher<Item, Result> {
  private items: Item[] = [];
  private open: { timer: NodeJS.Timeout; result: Promise<Result>; settle(result: Promise<Result>): void } | undefined;

  /**
   * @param process takes the items of a batch
   * @param opened is told of each batch when its first item comes
   */
  constructor(
    private readonly process: (items: Item[]) => Promise<Result>,
    private readonly opened: (result: Promise<Result>) => void,
  ) {}

  /**
   * Adds an item to the batch that gathers.
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

  /** Processes what has gathered, without waiting for more. */
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
