import { backoff, type BackoffBounds } from './retry.js';

/** Whether the server can be reached, as far as is known: `open` after a failure, `probing` while one batch finds out. */
export type BreakerState = 'closed' | 'open' | 'probing';

/** Counts failures in a row, and pauses after each: the longer, the more there were. */
export class Breaker {
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /**
   * @param bounds of the pauses
   * @param resume is called when a pause is over
   */
  constructor(
    private readonly bounds: BackoffBounds,
    private readonly resume: () => void,
  ) {}

  get isPaused(): boolean {
    return this.timer !== undefined;
  }

  get isClosed(): boolean {
    return this.failures === 0;
  }

  /** @param isSending whether anything is in flight */
  state(isSending: boolean): BreakerState {
    if (this.isClosed) return 'closed';
    return !this.isPaused && isSending ? 'probing' : 'open';
  }

  succeeded(): void {
    this.failures = 0;
  }

  /**
   * Notes a failure and pauses, unless a pause is under way.
   *
   * @param atLeast how long the server asks to wait, in milliseconds
   * @returns how long to wait, in milliseconds
   */
  failed(atLeast = 0): number {
    this.failures += 1;
    const wait = Math.max(atLeast, backoff(this.failures, this.bounds));
    if (this.isStopped || this.isPaused) return wait;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.resume();
    }, wait);
    this.timer.unref();
    return wait;
  }

  /** Ends the pause; there will be no other. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }
}
