import { AuditError, isAuditError } from '../errors.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import { AgeLimit } from './age-limit.js';
import { Breaker, type BreakerState } from './breaker.js';
import { Deliverer } from './deliverer.js';
import { HeldBack } from './held-back.js';
import type { PublisherListener } from './publisher-listener.js';
import type { PublisherOptions } from './publisher-options.js';
import { Suspects } from './suspects.js';
import type { Transport } from './transport.js';

/** How publishing goes. */
export interface PublisherState {
  breaker: BreakerState;
  /** The error of the last call, unless it passed. */
  lastFailure: AuditError | undefined;
  /** Number of events that were not accepted while others were, and are sent again. */
  heldBack: number;
}

/** Publishes the events of a spool through a transport. */
export interface Publisher {
  /** Tells the publisher that an event was appended. */
  wake(): void;
  /** Resolves when the spool is empty and nothing is in flight. */
  drained(): Promise<void>;
  state(): PublisherState;
  /** Stops sending and waits for the calls in flight. */
  stop(): Promise<void>;
}

/** After this many crashes the event is assumed to cause them and is set aside. Fewer may be coincidence on a machine that kills processes. */
const MAX_CRASHES = 10;
/**
 * How long the publisher waits for a batch to fill, in milliseconds. Nobody waits for the events, and a call with fifty costs little more than a call
 * with one.
 */
const GATHER = 25;

/**
 * Creates a publisher. It peeks events, records them as in flight, sends them, verifies the receipts and settles them. It waits a moment for a batch
 * to fill, unless a batch is full or somebody waits for the spool to drain. After a failure it pauses and then sends a single batch; further batches
 * follow when that one succeeds.
 *
 * @param spool the spool to drain
 * @param transport sends the events
 * @param listener called with every result
 * @param options batch size, concurrency and timing
 */
export function createPublisher(spool: Spool, transport: Transport, listener: PublisherListener, options: PublisherOptions): Publisher {
  return new SpoolPublisher(spool, transport, listener, options);
}

/** Decides which events are delivered when. */
class SpoolPublisher implements Publisher {
  private readonly breaking: Breaker;
  private readonly suspects: Suspects;
  private readonly deliverer: Deliverer;
  private readonly heldBack: HeldBack;
  private readonly age: AgeLimit;
  private readonly inFlight = new Set<Promise<void>>();
  /** The number of events that running peeks may still take. A peek may have to read the disk. */
  private reserved = 0;
  private isStopped = false;
  private isScheduled = false;
  private gathering: NodeJS.Timeout | undefined;
  private idleWaiters: (() => void)[] = [];
  /**
   * Events that were in flight when a process ended, those with the fewest crashes first, so that a candidate that is in flight by coincidence is not
   * hit again and again.
   */
  private poisonCandidates: SpooledEvent[] = [];
  private isCandidateOut = false;

  constructor(
    private readonly spool: Spool,
    transport: Transport,
    private readonly listener: PublisherListener,
    private readonly options: PublisherOptions,
  ) {
    this.breaking = new Breaker(options.backoff, () => this.schedule());
    this.suspects = new Suspects(options.backoff);
    this.deliverer = new Deliverer(spool, transport, listener, options, this.breaking, this.suspects);
    this.age = new AgeLimit(options.maxAge);
    this.heldBack = new HeldBack(spool, this.suspects, () => this.schedule(), options.keepsOrder ?? false);
  }

  wake(): void {
    if (this.idleWaiters.length > 0 || this.spool.waiting() >= this.options.batchSize) return this.schedule();
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      this.schedule();
    }, this.options.gather ?? GATHER).unref();
  }

  drained(): Promise<void> {
    if (this.isIdle()) return Promise.resolve();
    this.schedule();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  state(): PublisherState {
    const { breaking, suspects, inFlight } = this;
    const heldBack = breaking.isClosed ? suspects.count : 0;
    return { breaker: breaking.state(inFlight.size > 0), lastFailure: breaking.lastFailure, heldBack };
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.breaking.stop();
    this.deliverer.stop();
    clearTimeout(this.gathering);
    await Promise.allSettled(this.inFlight);
    await this.heldBack.close().catch((thrown: unknown) => this.listener.broken(thrown));
    this.announceIdle();
  }

  private schedule(): void {
    if (this.isScheduled || this.isStopped) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.start();
    });
  }

  private start(): void {
    while (!this.isStopped && !this.breaking.isPaused && this.mayStart()) {
      const call = this.next()
        .then(() => (this.breaking.isClosed ? this.heldBack.giveBackBatches() : undefined))
        .catch((thrown: unknown) => {
          this.listener.broken(thrown);
          this.breaking.failed(isAuditError(thrown) ? thrown : new AuditError('ERR_AUDIT_SPOOL', 'The spool failed.'));
        })
        .finally(() => {
          this.inFlight.delete(call);
          if (this.isIdle()) this.announceIdle();
          else if (this.spool.size().events > 0) this.wake();
        });
      this.inFlight.add(call);
    }
  }

  /** Those that have not failed come first. */
  private next(): Promise<void> {
    if (this.unreserved() > 0 && !this.heldBack.isFull && !this.heldBack.hasDue) return this.deliverNext();
    return this.heldBack.hasDue || this.heldBack.hasBatch ? this.deliverer.deliver(this.heldBack.take()) : this.deliverCandidate();
  }

  private mayStart(): boolean {
    if (this.isCandidateOut) return false;
    const waiting = this.unreserved();
    const { hasDue, hasBatch } = this.heldBack;
    if (this.inFlight.size === 0) return waiting > 0 || hasDue || hasBatch || this.poisonCandidates.length > 0;
    return this.breaking.isClosed && this.inFlight.size < this.options.concurrency && waiting >= this.options.batchSize;
  }

  private unreserved(): number {
    return this.spool.waiting() - this.reserved;
  }

  private async deliverNext(): Promise<void> {
    const { batchSize } = this.options;
    this.reserved += batchSize;
    const peeked = await this.spool.peek(batchSize).finally(() => (this.reserved -= batchSize));
    // An engine hands out no events of an instance while some of them are held back.
    if (peeked.length === 0 && this.heldBack.hasBatch) return this.deliverer.deliver(this.heldBack.take());
    const fresh = this.heldBack.sort(await this.setAsideUndeliverable(peeked));
    const candidates = fresh.filter((event) => this.isCandidate(event));
    if (candidates.length > 0) {
      this.poisonCandidates = [...this.poisonCandidates, ...candidates].sort((one, other) => one.crashes - other.crashes);
    }
    const others = fresh.filter((event) => !this.isCandidate(event));
    if (others.length > 0) await this.deliverer.deliver(others);
  }

  private isCandidate({ crashes }: SpooledEvent): boolean {
    return crashes >= (this.options.poisonCandidateFrom ?? 1);
  }

  /** Sends one poison candidate, alone and after all other events, so that no other event is in flight if it ends the process. */
  private async deliverCandidate(): Promise<void> {
    this.isCandidateOut = true;
    try {
      await this.deliverer.deliver([this.poisonCandidates.shift()!]);
    } finally {
      this.isCandidateOut = false;
    }
  }

  private async setAsideUndeliverable(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const deliverable: SpooledEvent[] = [];
    for (const event of events) {
      const why = this.reasonToSetAside(event);
      if (why === undefined) deliverable.push(event);
      else await this.deliverer.setAside(event, new AuditError('ERR_AUDIT_SET_ASIDE', `The event was set aside: ${why}.`, { reason: why }));
    }
    return deliverable;
  }

  private reasonToSetAside({ crashes, queuedAt }: SpooledEvent): string | undefined {
    if (crashes >= MAX_CRASHES) return `${crashes} processes ended while they were sending it`;
    return this.age.isOver(queuedAt) ? `it is older than ${this.options.maxAge} ms` : undefined;
  }

  /** Events in flight may have left the spool before their receipts are reported. */
  private isIdle(): boolean {
    return this.spool.size().events === 0 && this.inFlight.size === 0;
  }

  private announceIdle(): void {
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const waiter of waiters) waiter();
  }
}
