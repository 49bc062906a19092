import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import { receiptMatches } from '../event/hash.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import type { Breaker } from './breaker.js';
import type { PublisherListener, PublisherOptions } from './publisher.js';
import type { Transport } from './transport.js';

/** Fifty events are told apart in six rounds of halving. */
const MAX_ROUNDS = 6;

/** Carries batches to the server, and does with each event what the answer asks for. */
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

  /** Settles, sets aside or releases each event. */
  async deliver(events: SpooledEvent[]): Promise<void> {
    // A spool that cannot write it down, on a full disk, is drained all the same: that is what makes room.
    await this.spool.begin(events).catch(this.listener.broken);
    const isDoubtful = this.options.inDoubt === 'reconcile' && events.some(({ inDoubt }) => inDoubt);
    const unsettled = isDoubtful ? await this.reconcile(events) : events;
    if (unsettled.length > 0) await this.send(unsettled, 0);
  }

  async setAside(event: SpooledEvent, error: AuditError): Promise<void> {
    await this.spool.deadLetter(event, error.reason ?? error.message);
    this.listener.setAside(event, error);
  }

  /** From now on a batch that was divided is not sent to its end. */
  stop(): void {
    this.isStopped = true;
  }

  /** Looks up what may be stored already, settles what is, and leaves the rest. */
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

  /** A mismatch is an alarm and no reason to send again: the event is stored (Publisher API, trap 8). */
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
    await this.spool.release(events, inDoubt).catch(this.listener.broken);
    this.listener.failed(error, this.breaker.failed(after));
  }

  /** A bulk call is all or nothing (Publisher API, trap 5): find the events that it was refused for, so that the others arrive. */
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
      // A failure on the way ends the bisection; the rest waits for the next try.
      if (this.breaker.isPaused || this.isStopped) return this.spool.release(parts.slice(index).flat(), false);
      await this.send(part, round + 1);
    }
  }
}
