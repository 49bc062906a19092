import { AuditError } from '../errors.js';
import { receiptMatches } from '../event/hash.js';
import type { Receipt } from '../event/event.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import { backoff, type BackoffBounds } from './retry.js';
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

/** Whether the server can be reached, as far as is known: `open` after a failure, `probing` while one batch finds out. */
export type BreakerState = 'closed' | 'open' | 'probing';

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
/** Fifty events are told apart in six rounds of halving. */
const MAX_ROUNDS = 6;

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
  const inFlight = new Set<Promise<void>>();
  // Peeking may take time on disk; until it returns, what it may take counts as taken.
  let reserved = 0;
  let failures = 0;
  let stopped = false;
  let scheduled = false;
  let timer: NodeJS.Timeout | undefined;
  let gathering: NodeJS.Timeout | undefined;
  let idleWaiters: (() => void)[] = [];
  let lastDoubt = Date.now();
  /** What was in flight when a process ended, the least newCandidates first: so chance does not hit the same one again and again. */
  let poisonCandidates: SpooledEvent[] = [];
  let isSuspectOut = false;

  function gather(): void {
    if (idleWaiters.length > 0 || spool.waiting() >= options.batchSize) return schedule();
    gathering ??= setTimeout(() => {
      gathering = undefined;
      schedule();
    }, options.gather ?? GATHER).unref();
  }

  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      start();
    });
  }

  function start(): void {
    while (!stopped && timer === undefined && mayStart()) {
      const call = (spool.waiting() - reserved > 0 ? deliverNext() : deliverCandidate())
        .catch((thrown: unknown) => {
          listener.broken(thrown);
          failures += 1;
          pause(backoff(failures, options.backoff));
        })
        .finally(() => {
          inFlight.delete(call);
          if (isIdle()) announceIdle();
          else if (spool.size().events > 0) gather();
        });
      inFlight.add(call);
    }
  }

  function mayStart(): boolean {
    if (isSuspectOut) return false;
    const waiting = spool.waiting() - reserved;
    if (inFlight.size === 0) return waiting > 0 || poisonCandidates.length > 0;
    return failures === 0 && inFlight.size < options.concurrency && waiting >= options.batchSize;
  }

  async function deliverNext(): Promise<void> {
    reserved += options.batchSize;
    const peeked = await spool.peek(options.batchSize).finally(() => (reserved -= options.batchSize));
    const fresh = await withoutHopeless(peeked);
    const newCandidates = fresh.filter(isSuspect);
    if (newCandidates.length > 0)
      poisonCandidates = [...poisonCandidates, ...newCandidates].sort((one, other) => one.crashes - other.crashes);
    const others = fresh.filter((event) => !isSuspect(event));
    if (others.length > 0) await deliver(others);
  }

  function isSuspect({ crashes }: SpooledEvent): boolean {
    return crashes >= (options.suspectFrom ?? 1);
  }

  /** What may have ended a process goes out alone and after all others, so that it takes no other event with it. */
  async function deliverCandidate(): Promise<void> {
    isSuspectOut = true;
    try {
      await deliver([poisonCandidates.shift()!]);
    } finally {
      isSuspectOut = false;
    }
  }

  async function withoutHopeless(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const now = Date.now();
    const hopeless = events.filter(({ crashes, queuedAt }) => crashes >= MAX_CRASHES || now - queuedAt > options.maxAge);
    for (const event of hopeless) {
      const why =
        event.crashes >= MAX_CRASHES ? `${event.crashes} processes ended while they sent it` : `it is older than ${options.maxAge} ms`;
      await setAside(event, new AuditError('ERR_AUDIT_SET_ASIDE', `The event was set aside: ${why}.`, { reason: why }));
    }
    return hopeless.length === 0 ? events : events.filter((event) => !hopeless.includes(event));
  }

  async function deliver(events: SpooledEvent[]): Promise<void> {
    // A spool that cannot write it down, on a full disk, is drained all the same: that is what makes room.
    await spool.begin(events).catch(listener.broken);
    const unsettled = options.inDoubt === 'reconcile' && events.some(({ inDoubt }) => inDoubt) ? await reconcile(events) : events;
    if (unsettled.length > 0) await send(unsettled, 0);
  }

  /** Looks up what may be stored already, settles what is, and leaves the rest. */
  async function reconcile(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const doubtful = events.filter(({ inDoubt }) => inDoubt);
    const early = lastDoubt + options.indexLag - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const search = await transport.find(doubtful.map(({ id }) => id));
    if (search.kind === 'failed') {
      await retry(events, search.error, true, undefined);
      return [];
    }
    const found = doubtful.filter(({ id }) => search.receipts.has(id));
    if (found.length > 0) {
      await settle(
        found,
        found.map(({ id }) => search.receipts.get(id)!),
      );
    }
    return events.filter((event) => !found.includes(event));
  }

  async function send(events: SpooledEvent[], round: number): Promise<void> {
    const delivery = await transport.send(events);
    switch (delivery.kind) {
      case 'accepted':
        failures = 0;
        return settle(events, delivery.receipts);
      case 'handedOver':
        failures = 0;
        await spool.settle(events.map((event) => ({ event, isVerified: false })));
        return listener.handedOver(events);
      case 'retry':
        return retry(events, delivery.error, delivery.inDoubt, delivery.after);
      case 'refused':
        failures = 0;
        return bisect(events, delivery.error, delivery.indexes, round);
    }
  }

  /** A mismatch is an alarm and no reason to send again: the event is stored (Publisher API, trap 8). */
  async function settle(events: SpooledEvent[], receipts: Receipt[]): Promise<void> {
    const settled = events.map((event, index) => ({
      event,
      receipt: receipts[index]!,
      isVerified: receiptMatches(receipts[index]!, event.tail),
    }));
    await spool.settle(settled);
    for (const { event, receipt, isVerified } of settled) listener.receipt(event, receipt, isVerified ? 'verified' : 'mismatched');
  }

  async function retry(events: SpooledEvent[], error: AuditError, inDoubt: boolean, after: number | undefined): Promise<void> {
    if (inDoubt) lastDoubt = Date.now();
    await spool.release(events, inDoubt).catch(listener.broken);
    failures += 1;
    const wait = Math.max(after ?? 0, backoff(failures, options.backoff));
    listener.failed(error, wait);
    pause(wait);
  }

  function pause(wait: number): void {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      schedule();
    }, wait);
    timer.unref();
  }

  async function setAside(event: SpooledEvent, error: AuditError): Promise<void> {
    await spool.setAside(event, error.reason ?? error.message);
    listener.setAside(event, error);
  }

  /** A bulk call is all or nothing (Publisher API, trap 5): find the events that it was refused for, so that the others arrive. */
  async function bisect(events: SpooledEvent[], error: AuditError, indexes: number[], round: number): Promise<void> {
    if (events.length === 1) return setAside(events[0]!, error);
    const accused = new Set(indexes);
    const half = Math.ceil(events.length / 2);
    const parts =
      accused.size > 0 && round < MAX_ROUNDS
        ? [...events.filter((_, index) => accused.has(index)).map((event) => [event]), events.filter((_, index) => !accused.has(index))]
        : [events.slice(0, half), events.slice(half)];
    for (const [index, part] of parts.entries()) {
      if (part.length === 0) continue;
      // A failure on the way ends the sifting; the rest waits for the next try.
      if (timer !== undefined || stopped) return spool.release(parts.slice(index).flat(), false);
      await send(part, round + 1);
    }
  }

  /** What is in flight may have left the spool, and its receipts are not reported yet. */
  function isIdle(): boolean {
    return spool.size().events === 0 && inFlight.size === 0;
  }

  function announceIdle(): void {
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  return {
    wake: gather,
    drained() {
      if (isIdle()) return Promise.resolve();
      schedule();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
    breaker() {
      if (failures === 0) return 'closed';
      return timer === undefined && inFlight.size > 0 ? 'probing' : 'open';
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      clearTimeout(gathering);
      await Promise.allSettled(inFlight);
      announceIdle();
    },
  };
}
