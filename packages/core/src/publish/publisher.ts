import { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import { Breaker, type BreakerState } from './breaker.js';
import { Deliverer } from './deliverer.js';
import type { BackoffBounds } from './retry.js';
import type { Verdict } from './receipt.js';
import type { Transport } from './transport.js';

/** What the publisher tells while it works. */
export interface PublisherListener {
  /** The server stored an event, and its receipt was checked. */
  receipt(event: SpooledEvent, receipt: Receipt, verdict: Verdict): void;
  /** An engine took events, for a relay to publish. */
  handedOver(events: readonly SpooledEvent[]): void;
  /** The server will never take this event, or it is too old; it was set aside. */
  setAside(event: SpooledEvent, error: AuditError): void;
  /** A try failed; the events stay in the spool. */
  failed(error: AuditError, wait: number): void;
  /** The spool itself failed. */
  broken(thrown: unknown): void;
}

/** What to do with events that an earlier try may have stored: send them again, or look first whether they are there. */
export type InDoubt = 'resend' | 'reconcile';

/** How the publisher works. */
export interface PublisherOptions {
  /** The most events a call. */
  batchSize: number;
  /** The most calls in flight. */
  concurrency: number;
  backoff: BackoffBounds;
  inDoubt: InDoubt;
  /** How long the server's index takes to show what was stored, in milliseconds: before that, absence proves nothing. */
  indexLag: number;
  /** The age at which an event is set aside, in milliseconds. */
  maxAge: number;
  /** How long events gather to a batch, in milliseconds. @default 25 */
  gather?: number;
  /** How many processes have ended while they sent an event that goes out alone and last. @default 1 */
  suspectFrom?: number;
}

/**
 * How a publisher works by the settings.
 *
 * @param publish the settings
 * @param special what is different here
 */
export function publisherOptions(
  publish: Omit<PublisherOptions, 'backoff'> & { backoffMin: number; backoffMax: number },
  special: Partial<PublisherOptions> = {},
): PublisherOptions {
  return { ...publish, backoff: { min: publish.backoffMin, max: publish.backoffMax }, ...special };
}

/** Drains a spool into a transport. */
export interface Publisher {
  /** Says that something was appended. */
  wake(): void;
  /** Resolves when the spool is empty. */
  drained(): Promise<void>;
  breaker(): BreakerState;
  /** Stops sending and waits for what is in flight. */
  stop(): Promise<void>;
}

/** An event that was in flight at the end of so many processes is taken for what ended them; fewer may be chance, on a machine that kills them. */
const MAX_CRASHES = 10;
/** How long events gather to a batch: nobody waits for them, and a call costs as much for one as for fifty. */
const GATHER = 25;

/**
 * Drains a spool: peek, write down, send, verify, settle. Events gather for a moment, or to full batches; whoever waits for the spool to drain ends
 * that. After a failure it waits, then sends one batch to find out, and only when that arrives the next.
 *
 * @param spool where the events wait
 * @param transport what carries them
 * @param listener is told what happens
 * @param options how many at a time
 */
export function createPublisher(spool: Spool, transport: Transport, listener: PublisherListener, options: PublisherOptions): Publisher {
  return new SpoolPublisher(spool, transport, listener, options);
}

/** Decides when which events are delivered. */
class SpoolPublisher implements Publisher {
  private readonly breaking: Breaker;
  private readonly deliverer: Deliverer;
  private readonly inFlight = new Set<Promise<void>>();
  /** Peeking may take time on disk; until it returns, what it may take counts as taken. */
  private reserved = 0;
  private isStopped = false;
  private isScheduled = false;
  private gathering: NodeJS.Timeout | undefined;
  private idleWaiters: (() => void)[] = [];
  /** What was in flight when a process ended, those first that saw the fewest ends: so chance does not hit the same one again and again. */
  private poisonCandidates: SpooledEvent[] = [];
  private isCandidateOut = false;

  constructor(
    private readonly spool: Spool,
    transport: Transport,
    private readonly listener: PublisherListener,
    private readonly options: PublisherOptions,
  ) {
    this.breaking = new Breaker(options.backoff, () => this.schedule());
    this.deliverer = new Deliverer(spool, transport, listener, options, this.breaking);
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

  breaker(): BreakerState {
    return this.breaking.state(this.inFlight.size > 0);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.breaking.stop();
    this.deliverer.stop();
    clearTimeout(this.gathering);
    await Promise.allSettled(this.inFlight);
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
      const call = (this.unreserved() > 0 ? this.deliverNext() : this.deliverCandidate())
        .catch((thrown: unknown) => {
          this.listener.broken(thrown);
          this.breaking.failed();
        })
        .finally(() => {
          this.inFlight.delete(call);
          if (this.isIdle()) this.announceIdle();
          else if (this.spool.size().events > 0) this.wake();
        });
      this.inFlight.add(call);
    }
  }

  private mayStart(): boolean {
    if (this.isCandidateOut) return false;
    const waiting = this.unreserved();
    if (this.inFlight.size === 0) return waiting > 0 || this.poisonCandidates.length > 0;
    return this.breaking.isClosed && this.inFlight.size < this.options.concurrency && waiting >= this.options.batchSize;
  }

  private unreserved(): number {
    return this.spool.waiting() - this.reserved;
  }

  private async deliverNext(): Promise<void> {
    const { batchSize } = this.options;
    this.reserved += batchSize;
    const peeked = await this.spool.peek(batchSize).finally(() => (this.reserved -= batchSize));
    const fresh = await this.withoutHopeless(peeked);
    const candidates = fresh.filter((event) => this.isCandidate(event));
    if (candidates.length > 0) {
      this.poisonCandidates = [...this.poisonCandidates, ...candidates].sort((one, other) => one.crashes - other.crashes);
    }
    const others = fresh.filter((event) => !this.isCandidate(event));
    if (others.length > 0) await this.deliverer.deliver(others);
  }

  private isCandidate({ crashes }: SpooledEvent): boolean {
    return crashes >= (this.options.suspectFrom ?? 1);
  }

  /** What may have ended a process goes out alone and after all others, so that it takes no other event with it. */
  private async deliverCandidate(): Promise<void> {
    this.isCandidateOut = true;
    try {
      await this.deliverer.deliver([this.poisonCandidates.shift()!]);
    } finally {
      this.isCandidateOut = false;
    }
  }

  private async withoutHopeless(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const hopeful: SpooledEvent[] = [];
    for (const event of events) {
      const why = this.hopelessness(event);
      if (why === undefined) hopeful.push(event);
      else await this.deliverer.setAside(event, new AuditError('ERR_AUDIT_SET_ASIDE', `The event was set aside: ${why}.`, { reason: why }));
    }
    return hopeful;
  }

  private hopelessness({ crashes, queuedAt }: SpooledEvent): string | undefined {
    if (crashes >= MAX_CRASHES) return `${crashes} processes ended while they sent it`;
    return Date.now() - queuedAt > this.options.maxAge ? `it is older than ${this.options.maxAge} ms` : undefined;
  }

  /** What is in flight may have left the spool, and its receipts are not reported yet. */
  private isIdle(): boolean {
    return this.spool.size().events === 0 && this.inFlight.size === 0;
  }

  private announceIdle(): void {
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const waiter of waiters) waiter();
  }
}
