import type { SpooledEvent } from '../spool/spool.js';
import { backoff, type BackoffBounds } from './retry.js';

/** What is known of an event whose call failed. */
interface Suspect {
  /** Number of calls that had passed when it last failed. */
  passes: number;
  /** How often it has failed since a call passed. */
  failures: number;
  /** How often it failed alone while others passed. */
  proofs: number;
  /** When it is sent again if it failed alone, by the monotonic clock. */
  dueAt: number;
}

/** How often an event must fail alone before others overtake it. A server that fails at random fails once or twice, and the order is to be kept then. */
const OVERTAKEN = 3;
/** How often an event must fail alone while others pass before it counts as refused. */
const REFUSED = 5;
/** How often a batch must fail, while nothing passes, before it is divided. Its parts may arrive in another order. */
const DIVIDED = 4;
/** For this time after a call has passed, in milliseconds, the server counts as working. */
const RECENT = 10_000;

/**
 * Compares events whose calls failed with those that passed. What an answer means cannot be read from it: a firewall, a proxy or the server itself may send
 * any status, because of one event or because of none. If an event fails alone while others pass, the failure is about the event; if everything fails, it
 * is not.
 */
export class Suspects {
  private readonly suspects = new Map<string, Suspect>();
  private passes = 0;
  private passedAt = -Infinity;
  /** The last event that failed alone, and the number of calls that had passed by then. */
  private lastAlone: { id: string; passes: number } | undefined;

  /**
   * @param bounds bounds of the pause before an event is sent alone again
   * @param now the monotonic clock, in milliseconds
   */
  constructor(
    private readonly bounds: BackoffBounds,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Number of events that have failed and not passed since. */
  get count(): number {
    return this.suspects.size;
  }

  /** The server accepted a call. */
  passed(events: readonly SpooledEvent[]): void {
    this.passes += 1;
    this.passedAt = this.now();
    if (this.suspects.size > 0) for (const { id } of events) this.suspects.delete(id);
  }

  /** Whether others have passed since one of these events failed, so that a batch of them is worth dividing. */
  isCompared(events: readonly SpooledEvent[]): boolean {
    return events.some(({ id }) => {
      const suspect = this.suspects.get(id);
      return suspect !== undefined && (suspect.passes < this.passes || (suspect.proofs > 0 && this.now() - this.passedAt < RECENT));
    });
  }

  /** A call failed, and nothing shows that these events are the reason. */
  failed(events: readonly SpooledEvent[]): void {
    for (const { id } of events) {
      const { passes, failures = 0, proofs = 0, dueAt = 0 } = this.suspects.get(id) ?? {};
      const again = passes === this.passes ? failures : 0;
      this.suspects.set(id, { passes: this.passes, failures: again + 1, proofs, dueAt });
    }
  }

  /**
   * An event failed alone, after others had passed.
   *
   * @returns `outage` if another event has failed alone since the last call that passed, so that nothing passes; `again` if it keeps its place; `overtaken`
   * if others go on before it; `refused` if it has now failed often enough
   */
  failedAlone({ id }: SpooledEvent): 'outage' | 'again' | 'overtaken' | 'refused' {
    const { lastAlone, passes } = this;
    this.lastAlone = { id, passes };
    const { proofs: before = 0, dueAt = 0 } = this.suspects.get(id) ?? {};
    if (lastAlone !== undefined && lastAlone.id !== id && lastAlone.passes === passes) {
      this.suspects.set(id, { passes, failures: 1, proofs: before, dueAt });
      return 'outage';
    }
    const proofs = before + 1;
    this.suspects.set(id, { passes, failures: 1, proofs, dueAt: this.now() + backoff(proofs, this.bounds) });
    if (proofs < OVERTAKEN) return 'again';
    return proofs < REFUSED ? 'overtaken' : 'refused';
  }

  forget({ id }: SpooledEvent): void {
    this.suspects.delete(id);
  }

  /**
   * Says when an event may be sent: `now`, in a batch; `alone`, when the time of {@link dueIn} has come; or `later`, after the events that have not failed,
   * since nothing has passed since it failed.
   */
  turnOf({ id }: SpooledEvent): 'now' | 'alone' | 'later' {
    const suspect = this.suspects.get(id);
    if (suspect === undefined) return 'now';
    if (suspect.proofs >= OVERTAKEN) return 'alone';
    return suspect.proofs === 0 && suspect.passes === this.passes ? 'later' : 'now';
  }

  /** Whether a batch has failed so often, while nothing passed, that only its parts are sent. */
  isToBeDivided([first]: readonly SpooledEvent[]): boolean {
    return first !== undefined && (this.suspects.get(first.id)?.failures ?? 0) >= DIVIDED;
  }

  /** The pause until an event may be sent alone again, in milliseconds. */
  dueIn({ id }: SpooledEvent): number {
    return Math.max(0, (this.suspects.get(id)?.dueAt ?? 0) - this.now());
  }
}
