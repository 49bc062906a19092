/** The source of the time, which tests replace. */
export interface Clocks {
  /** Milliseconds since 1970, as the machine believes. */
  wall(): number;
  /** Milliseconds of a clock that nobody sets. */
  steady(): number;
}

/** However old an event seems to be, a process tries to send it for this long, in milliseconds: the clock may have been wrong when it was queued. */
const LEAST_TRYING = 3_600_000;
/** Smaller differences between the clocks are corrections and not jumps, in milliseconds. */
const JUMP = 10_000;

/**
 * Measures the age of events, although the clock of the machine may be set while they wait. A jump forward makes no event older. An event that an
 * earlier process queued under a wrong clock is tried for an hour, or for the longest age if that is shorter.
 */
export class AgeLimit {
  private readonly started: number;
  private offset: number;
  private readonly jumps: { from: number; by: number }[] = [];

  /**
   * @param longest the longest age, in milliseconds
   * @param clocks the clocks
   */
  constructor(
    private readonly longest: number,
    private readonly clocks: Clocks = { wall: () => Date.now(), steady: () => performance.now() },
  ) {
    this.started = clocks.steady();
    this.offset = clocks.wall() - clocks.steady();
  }

  /**
   * Whether an event is too old.
   *
   * @param queuedAt when it was queued, in milliseconds since 1970
   */
  isOver(queuedAt: number): boolean {
    this.noteJump();
    if (this.clocks.steady() - this.started < Math.min(this.longest, LEAST_TRYING)) return false;
    const jumped = this.jumps.reduce((sum, { from, by }) => (queuedAt <= from ? sum + by : sum), 0);
    return this.clocks.wall() - queuedAt - jumped > this.longest;
  }

  /** Records that the clock was set forward. If it was set back, events only seem younger, so they wait longer. */
  private noteJump(): void {
    const offset = this.clocks.wall() - this.clocks.steady();
    const by = offset - this.offset;
    if (Math.abs(by) < JUMP) return;
    if (by > 0) this.jumps.push({ from: this.clocks.steady() + this.offset, by });
    this.offset = offset;
  }
}
