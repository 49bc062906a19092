import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import { receiptMatches } from '../event/hash.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import type { Breaker } from './breaker.js';
import type { PublisherListener } from './publisher-listener.js';
import type { PublisherOptions } from './publisher-options.js';
import type { Transport } from './transport.js';

/** Six rounds of halving separate a batch of fifty events. */
const MAX_ROUNDS = 6;

/** Sends batches to the server, and settles, releases or sets aside each event according to the response. */
export class Deliverer {
  private lastDoubt = Date.now();
  private isStopped = false;

  constructor(
    private readonly spool: Spool,
    private readonly transport: Transport,
    private readonly listener: PublisherListener,
    private readonly options: Pick<PublisherOptions, 'inDoubt' | 'indexLag'>,
    private readonly breaker: Breaker,
  ) {}

  /** Sends a batch. When it resolves, each event is settled, set aside or released. */
  async deliver(events: SpooledEvent[]): Promise<void> {
    // On a full disk the spool cannot record the batch. It is sent anyway, since settling events makes room.
    await this.spool.begin(events).catch((thrown: unknown) => this.listener.broken(thrown));
    const isDoubtful = this.options.inDoubt === 'reconcile' && events.some(({ inDoubt }) => inDoubt);
    const unsettled = isDoubtful ? await this.reconcile(events) : events;
    if (unsettled.length > 0) await this.send(unsettled, 0);
  }

  async setAside(event: SpooledEvent, error: AuditError): Promise<void> {
    await this.spool.deadLetter(event, error.reason ?? error.message);
    this.listener.setAside(event, error);
  }

  /** Stops a running bisection before its next call; the remaining events are released. */
  stop(): void {
    this.isStopped = true;
  }

  /** Searches the log for events that it may already have, and settles those that it has. @returns the other events */
  private async reconcile(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const doubtful = events.filter(({ inDoubt }) => inDoubt);
    const early = this.lastDoubt + this.options.indexLag - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const search = await this.transport.find(doubtful.map(({ id }) => id));
    if (search.kind === 'failed') {
      await this.retry(events, search.error, true, undefined);
      return [];
    }
    const found = doubtful.filter(({ id }) => search.receipts.has(id));
    if (found.length > 0) {
      await this.settle(
        found,
        found.map(({ id }) => search.receipts.get(id)!),
      );
    }
    return events.filter((event) => !found.includes(event));
  }

  private async send(events: SpooledEvent[], round: number): Promise<void> {
    const delivery = await this.transport.send(events);
    switch (delivery.kind) {
      case 'accepted':
        this.breaker.succeeded();
        return this.settle(events, delivery.receipts);
      case 'handedOver':
        this.breaker.succeeded();
        await this.spool.settle(events.map((event) => ({ event, isVerified: false })));
        return this.listener.handedOver(events);
      case 'retry':
        return this.retry(events, delivery.error, delivery.inDoubt, delivery.after);
      case 'refused':
        this.breaker.succeeded();
        return this.bisect(events, delivery.error, delivery.indexes, round);
    }
  }

  /** An event whose hash does not match is settled as well: the server has stored it, so sending it again would duplicate it (Publisher API, trap 8). */
  private async settle(events: SpooledEvent[], receipts: Receipt[]): Promise<void> {
    const settled = events.map((event, index) => ({
      event,
      receipt: receipts[index]!,
      isVerified: receiptMatches(receipts[index]!, event.tail),
    }));
    await this.spool.settle(settled);
    for (const { event, receipt, isVerified } of settled) this.listener.receipt(event, receipt, isVerified ? 'verified' : 'mismatched');
  }

  private async retry(events: SpooledEvent[], error: AuditError, inDoubt: boolean, after: number | undefined): Promise<void> {
    if (inDoubt) this.lastDoubt = Date.now();
    await this.spool.release(events, inDoubt).catch((thrown: unknown) => this.listener.broken(thrown));
    this.listener.failed(error, this.breaker.failed(after));
  }

  /**
   * The server accepts or refuses a bulk call as a whole (Publisher API, trap 5). Bisection isolates the events that it refuses, so that the others
   * arrive.
   */
  private async bisect(events: SpooledEvent[], error: AuditError, indexes: number[], round: number): Promise<void> {
    if (events.length === 1) return this.setAside(events[0]!, error);
    const accused = new Set(indexes);
    const half = Math.ceil(events.length / 2);
    const parts =
      accused.size > 0 && round < MAX_ROUNDS
        ? [...events.filter((_, index) => accused.has(index)).map((event) => [event]), events.filter((_, index) => !accused.has(index))]
        : [events.slice(0, half), events.slice(half)];
    for (const [index, part] of parts.entries()) {
      if (part.length === 0) continue;
      // A failure ends the bisection. The remaining events wait in the spool for the next call.
      if (this.breaker.isPaused || this.isStopped) return this.spool.release(parts.slice(index).flat(), false);
      await this.send(part, round + 1);
    }
  }
}
