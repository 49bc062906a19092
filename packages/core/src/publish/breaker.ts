import type { AuditError } from '../errors.js';
import { backoff, type BackoffBounds } from './retry.js';

/** Whether the server accepts events: `closed` while calls succeed, `open` after a failure, `probing` while one batch tests it. */
export type BreakerState = 'closed' | 'open' | 'probing';

/** Counts consecutive failures and pauses after each one. The pause grows with the number of failures. */
export class Breaker {
  private failures = 0;
  private error: AuditError | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /**
   * @param bounds bounds of a pause
   * @param resume called when a pause is over
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

  /** @param isSending whether a call is in flight */
  state(isSending: boolean): BreakerState {
    if (this.isClosed) return 'closed';
    return !this.isPaused && isSending ? 'probing' : 'open';
  }

  /** The error of the last call, unless it passed. */
  get lastFailure(): AuditError | undefined {
    return this.error;
  }

  succeeded(): void {
    this.failures = 0;
    this.error = undefined;
  }

  /**
   * Counts a failure and starts a pause, unless one is running.
   *
   * @param error why the call failed
   * @param atLeast the wait that the server asked for, in milliseconds
   * @returns the wait until the next call, in milliseconds
   */
  failed(error: AuditError, atLeast = 0): number {
    this.failures += 1;
    this.error = error;
    const wait = Math.max(atLeast, backoff(this.failures, this.bounds));
    if (this.isStopped || this.isPaused) return wait;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.resume();
    }, wait);
    this.timer.unref();
    return wait;
  }

  /** Ends the current pause and prevents new ones. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }
}
