import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import { receiptMatches } from '../event/hash.js';
import type { Spool, SpooledEvent } from '../spool/spool.js';
import type { Breaker } from './breaker.js';
import type { PublisherListener } from './publisher-listener.js';
import type { PublisherOptions } from './publisher-options.js';
import type { Suspects } from './suspects.js';
import type { Delivery, Transport } from './transport.js';

/** Six rounds of halving separate a batch of fifty events. */
const MAX_ROUNDS = 6;
const TOO_LARGE = 413;
/** These statuses are about the caller or the moment (RFC 9110, section 15; RFC 6585, section 4), so no event is set aside because of them. */
const NOT_ABOUT_EVENTS: ReadonlySet<number> = new Set([401, 429, 503]);

type Failure = Extract<Delivery, { kind: 'retry' }>;

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
    private readonly suspects: Suspects,
  ) {}

  /** Sends a batch. When it resolves, each event is settled, set aside or released. */
  async deliver(events: SpooledEvent[]): Promise<void> {
    // On a full disk the spool cannot record the batch. It is sent anyway, since settling events makes room.
    await this.spool.begin(events).catch((thrown: unknown) => this.listener.broken(thrown));
    await this.sendUnsettled(events, false);
  }

  async setAside(event: SpooledEvent, error: AuditError): Promise<void> {
    this.suspects.forget(event);
    await this.spool.deadLetter(event, error.reason ?? error.message);
    this.listener.setAside(event, error);
  }

  /** Stops a running bisection before its next call; the remaining events are released. */
  stop(): void {
    this.isStopped = true;
  }

  /** Sends the events that the server does not have yet, as far as the option `inDoubt` wants to know. */
  private async sendUnsettled(events: SpooledEvent[], isDivided: boolean): Promise<void> {
    const isDoubtful = this.options.inDoubt === 'reconcile' && events.some(({ inDoubt }) => inDoubt);
    const unsettled = isDoubtful ? await this.reconcile(events) : events;
    if (unsettled.length > 0) await this.send(unsettled, 0, isDivided);
  }

  /** Searches the log for events that it may already have, and settles those that it has. @returns the other events */
  private async reconcile(events: SpooledEvent[]): Promise<SpooledEvent[]> {
    const doubtful = events.filter(({ inDoubt }) => inDoubt);
    const early = this.lastDoubt + this.options.indexLag - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const search = await this.transport.find(doubtful.map(({ id }) => id));
    if (search.kind === 'failed') {
      await this.postpone(events, { error: search.error, inDoubt: true });
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

  /**
   * @param events the events of one call
   * @param round how often they were divided
   * @param isDivided whether they are a part of a batch that failed while others passed
   */
  private async send(events: SpooledEvent[], round: number, isDivided = false): Promise<void> {
    const delivery = await this.transport.send(events);
    switch (delivery.kind) {
      case 'accepted':
        this.passed(events);
        return this.settle(events, delivery.receipts);
      case 'handedOver':
        this.passed(events);
        await this.spool.settle(events.map((event) => ({ event, isVerified: false })));
        return this.listener.handedOver(events);
      case 'retry':
        return this.failed(events, delivery, isDivided);
      case 'refused':
        this.breaker.succeeded();
        return this.bisect(events, delivery.error, delivery.indexes, round);
    }
  }

  private passed(events: readonly SpooledEvent[]): void {
    this.breaker.succeeded();
    this.suspects.passed(events);
  }

  /** Decides by comparison whether a failure is about the events, see {@link Suspects}. */
  private async failed(events: SpooledEvent[], failure: Failure, isDivided: boolean): Promise<void> {
    const { error, inDoubt } = failure;
    // No event is the reason of a call that was not answered and did not break off.
    if (error.status === undefined && !inDoubt) return this.postpone(events, failure);
    const isCompared = isDivided || this.suspects.isCompared(events);
    const [event, ...others] = events;
    if (others.length > 0 && (isCompared || error.status === TOO_LARGE)) return this.divide(events, failure, isCompared);
    if (others.length === 0 && isCompared) return this.failedAlone(event!, failure);
    this.suspects.failed(events);
    return this.postpone(events, failure);
  }

  private async failedAlone(event: SpooledEvent, failure: Failure): Promise<void> {
    const judgement = this.suspects.failedAlone(event);
    if (judgement === 'outage' || judgement === 'again') return this.postpone([event], failure);
    const { error, inDoubt } = failure;
    if (judgement === 'refused' && error.status !== undefined && !inDoubt && !NOT_ABOUT_EVENTS.has(error.status)) {
      return this.setAside(event, error);
    }
    if (inDoubt) this.lastDoubt = Date.now();
    await this.release([event], inDoubt);
    this.listener.failed(error, this.suspects.dueIn(event));
  }

  /** Sends both halves of a batch, so that one event does not stop the others. */
  private async divide(events: SpooledEvent[], { inDoubt }: Failure, isCompared: boolean): Promise<void> {
    if (inDoubt) this.lastDoubt = Date.now();
    const doubted = inDoubt ? events.map((event): SpooledEvent => ({ ...event, inDoubt })) : events;
    const half = Math.ceil(events.length / 2);
    await this.sendParts([doubted.slice(0, half), doubted.slice(half)], (part) => this.sendUnsettled(part, isCompared));
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

  /** Returns events to the spool and pauses. */
  private async postpone(events: SpooledEvent[], { error, inDoubt, after }: Omit<Failure, 'kind'>): Promise<void> {
    if (inDoubt) this.lastDoubt = Date.now();
    await this.release(events, inDoubt);
    this.listener.failed(error, this.breaker.failed(error, after));
  }

  private release(events: readonly SpooledEvent[], inDoubt: boolean): Promise<void> {
    return this.spool.release(events, inDoubt).catch((thrown: unknown) => this.listener.broken(thrown));
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
    await this.sendParts(parts, (part) => this.send(part, round + 1));
  }

  private async sendParts(parts: SpooledEvent[][], send: (part: SpooledEvent[]) => Promise<void>): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (part.length === 0) continue;
      // A failure of everything ends the division. The remaining events wait in the spool for the next call.
      if (this.breaker.isPaused || this.isStopped) {
        const left = parts.slice(index).flat();
        return this.release(
          left,
          left.some(({ inDoubt }) => inDoubt),
        );
      }
      await send(part);
    }
  }
}
