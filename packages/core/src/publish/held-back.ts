import type { Spool, SpooledEvent } from '../spool/spool.js';
import type { Suspects } from './suspects.js';

/** The most events that are held back. They are in memory. */
const MAX_HELD = 5_000;

/**
 * The events that were taken from the spool and wait until others were tried, since their calls failed: those that failed alone, and batches whose calls
 * failed while nothing passed. They are not recorded as in flight.
 */
export class HeldBack {
  private readonly alone: SpooledEvent[] = [];
  private batches: SpooledEvent[][] = [];
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param spool the spool that they come from
   * @param suspects says which events wait
   * @param due called when an event may be sent alone again
   * @param keepsOrder whether events wait behind those that were taken before them
   */
  constructor(
    private readonly spool: Spool,
    private readonly suspects: Suspects,
    private readonly due: () => void,
    private readonly keepsOrder: boolean,
  ) {}

  /** Whether a batch waits that nothing has passed since. */
  get hasBatch(): boolean {
    return this.batches.length > 0;
  }

  /** Whether an event may be sent alone now. */
  get hasDue(): boolean {
    return this.alone.some((event) => this.suspects.dueIn(event) === 0);
  }

  get isFull(): boolean {
    return this.alone.length + this.batches.reduce((sum, batch) => sum + batch.length, 0) >= MAX_HELD;
  }

  /** Holds back those of the events that must wait. @returns the others */
  sort(events: readonly SpooledEvent[]): SpooledEvent[] {
    const isAlone = (event: SpooledEvent): boolean => this.suspects.turnOf(event) === 'alone';
    this.alone.push(...events.filter(isAlone));
    this.waitForDue();
    const inTurn = events.filter((event) => !isAlone(event));
    const isLater = (event: SpooledEvent): boolean => this.suspects.turnOf(event) === 'later';
    const first = inTurn.findIndex(isLater);
    if (first === -1) return inTurn;
    const mustWait = (event: SpooledEvent, index: number): boolean => isLater(event) || (this.keepsOrder && index > first);
    this.batches.push(inTurn.filter(mustWait));
    return inTurn.filter((event, index) => !mustWait(event, index));
  }

  /** Takes the event that may be sent alone, or else the batch that has waited longest, or half of it if it has failed often. */
  take(): SpooledEvent[] {
    const due = this.alone.findIndex((event) => this.suspects.dueIn(event) === 0);
    if (due !== -1) {
      const event = this.alone.splice(due, 1);
      this.waitForDue();
      return event;
    }
    const [batch = [], ...others] = this.batches;
    const half = this.suspects.isToBeDivided(batch) ? Math.ceil(batch.length / 2) : batch.length;
    this.batches = half < batch.length ? [...others, batch.slice(half)] : others;
    return batch.slice(0, half);
  }

  /** Gives batches back to the spool when a call has passed, since the server works again. */
  async giveBackBatches(): Promise<void> {
    const events = this.batches.flat();
    this.batches = [];
    if (events.length > 0) await this.spool.release(events, false);
  }

  /** Gives everything back to the spool, when nothing will be sent any more. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.batches.push(this.alone.splice(0));
    await this.giveBackBatches();
  }

  private waitForDue(): void {
    clearTimeout(this.timer);
    if (this.alone.length === 0) return;
    const next = Math.min(...this.alone.map((event) => this.suspects.dueIn(event)));
    // A timer may end a moment too early by the other clock.
    this.timer = setTimeout(() => (this.hasDue ? this.due() : this.waitForDue()), Math.ceil(next)).unref();
  }
}
