import { type AuditError } from '../errors.js';
import { receiptMatches } from '../event/hash.js';
import type { Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';
import type { Spool } from '../spool/spool.js';
import { backoff, type BackoffBounds } from './retry.js';
import type { Verdict } from './receipt.js';
import type { Transport } from './transport.js';

/** What the publisher tells while it works. */
export interface PublisherListener {
  /** The server stored an event, and its receipt was checked. */
  receipt(event: SerialisedEvent, receipt: Receipt, verdict: Verdict): void;
  /** The server will never take this event; it was set aside. */
  setAside(event: SerialisedEvent, error: AuditError): void;
  /** A try failed; the events stay in the spool. */
  failed(error: AuditError, wait: number): void;
  /** The spool itself failed. */
  broken(thrown: unknown): void;
}

/** How the publisher works. */
export interface PublisherOptions {
  /** The most events a call. */
  batchSize: number;
  /** The most calls in flight. */
  concurrency: number;
  backoff: BackoffBounds;
}

/** Drains a spool into a transport. */
export interface Publisher {
  /** Says that something was appended. */
  wake(): void;
  /** Resolves when the spool is empty. */
  drained(): Promise<void>;
  /** Stops sending and waits for what is in flight. */
  stop(): Promise<void>;
}

/**
 * Drains a spool: peek, send, verify, settle. While calls are in flight, events gather to full batches; one that waits alone goes out alone.
 * After a failure it waits, then sends one batch to find out, and only when that arrives the next.
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
  let idleWaiters: (() => void)[] = [];

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
      const call = deliver()
        .catch(listener.broken)
        .finally(() => {
          inFlight.delete(call);
          if (spool.size().events === 0) announceIdle();
          else schedule();
        });
      inFlight.add(call);
    }
  }

  function mayStart(): boolean {
    const waiting = spool.waiting() - reserved;
    if (waiting <= 0) return false;
    if (inFlight.size === 0) return true;
    return failures === 0 && inFlight.size < options.concurrency && waiting >= options.batchSize;
  }

  async function deliver(): Promise<void> {
    reserved += options.batchSize;
    const events = await spool.peek(options.batchSize).finally(() => (reserved -= options.batchSize));
    if (events.length > 0) await send(events);
  }

  async function send(events: SerialisedEvent[]): Promise<void> {
    const delivery = await transport.send(events);
    switch (delivery.kind) {
      case 'accepted':
        failures = 0;
        return settle(events, delivery.receipts);
      case 'retry':
        return retry(events, delivery.error, delivery.after);
      case 'refused':
        failures = 0;
        return sift(events, delivery.error, delivery.indexes);
    }
  }

  /** A mismatch is an alarm and no reason to send again: the event is stored (Publisher API, trap 8). */
  async function settle(events: SerialisedEvent[], receipts: Receipt[]): Promise<void> {
    await spool.settle(events);
    events.forEach((event, index) => {
      const receipt = receipts[index]!;
      listener.receipt(event, receipt, receiptMatches(receipt, event.tail) ? 'verified' : 'mismatched');
    });
  }

  async function retry(events: SerialisedEvent[], error: AuditError, after: number | undefined): Promise<void> {
    await spool.release(events);
    failures += 1;
    const wait = Math.max(after ?? 0, backoff(failures, options.backoff));
    listener.failed(error, wait);
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      schedule();
    }, wait);
    timer.unref();
  }

  /** A bulk call is all or nothing (Publisher API, trap 5): find the events that it was refused for, so that the others arrive. */
  async function sift(events: SerialisedEvent[], error: AuditError, indexes: number[]): Promise<void> {
    if (events.length === 1) {
      await spool.setAside(events[0]!, error.reason ?? error.message);
      return listener.setAside(events[0]!, error);
    }
    const accused = new Set(indexes);
    const parts =
      accused.size > 0
        ? [...events.filter((_, index) => accused.has(index)).map((event) => [event]), events.filter((_, index) => !accused.has(index))]
        : [events.slice(0, events.length / 2), events.slice(events.length / 2)];
    for (const part of parts) if (part.length > 0) await send(part);
  }

  function announceIdle(): void {
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  return {
    wake: schedule,
    drained() {
      if (spool.size().events === 0) return Promise.resolve();
      schedule();
      return new Promise((resolve) => idleWaiters.push(resolve));
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await Promise.allSettled(inFlight);
      announceIdle();
    },
  };
}
