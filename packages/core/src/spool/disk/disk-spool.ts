import type { AuditError } from '../../errors.js';
import type { AuditEvent } from '../../event/event.js';
import { sealOf } from '../../event/seal.js';
import type { SerialisedEvent } from '../../event/serialise.js';
import { refusalOf, type SpoolBounds } from '../bounds.js';
import type { CoalescedAttempts, CoalescedKind, CoalescingSpool, Settled, SpooledEvent, SpoolSize, UndeliverableEvent } from '../spool.js';
import { createSpoolCounter } from '../spool-counter.js';
import { readStored } from '../stored-event.js';
import type { SpoolPlace } from './directory.js';
import { DiskChannel } from './disk-channel.js';
import type { DiskState, DiskWorkerData } from './disk-protocol.js';
import { type NewPage, PAGE_EVENTS, pageOf } from './event-page.js';
import { EventWindow } from './event-window.js';
import type { LedgerEntry } from './ledger.js';
import type { SpoolChange } from './spool-file.js';
import type { Synchronous } from '../../sqlite/database.js';

/** Options of a spool on disk. */
export interface DiskSpoolOptions extends SpoolBounds {
  /** Whether receipts are stored in a ledger. */
  ledger: boolean;
  /** How long a commit may take, in milliseconds. */
  commitTimeout: number;
  synchronous?: Synchronous;
}

/** Called by a spool on disk. */
export interface DiskSpoolListener {
  /** Events were taken over from processes that have ended. */
  adopted(events: number): void;
  /** This number of events waits for another address of the same project. Called whenever the directory was searched. */
  elsewhere(events: number): void;
  /** A damaged file was renamed, or damaged events were set aside. */
  damaged(what: string): void;
}

/** The page that collects the events of this turn of the event loop. They share one promise. */
interface OpenPage {
  events: SerialisedEvent[];
  written: Promise<void>;
}

/**
 * Opens the spool of this process: a SQLite file that a worker writes, so that the event loop never waits for the disk. `append` resolves when the
 * event is on disk. Events that are appended at the same time share one commit.
 *
 * @param place files of the spool
 * @param options bounds and durability
 * @param listener called with what happens
 * @throws AuditError `ERR_AUDIT_SPOOL` if the spool cannot be opened
 */
export async function openDiskSpool(place: SpoolPlace, options: DiskSpoolOptions, listener: DiskSpoolListener): Promise<DiskSpool> {
  const workerData: DiskWorkerData = {
    directory: place.directory,
    destination: place.destination,
    file: place.file,
    ledger: options.ledger ? place.ledger : undefined,
    maxBytes: options.maxBytes,
    synchronous: options.synchronous ?? 'FULL',
  };
  const { channel, state } = await DiskChannel.open(workerData, options.commitTimeout);
  return new DiskSpool(channel, state, options, listener);
}

/** A spool on disk: the main thread's side. */
export class DiskSpool implements CoalescingSpool {
  readonly isDurable = true;
  private readonly counter = createSpoolCounter();
  private readonly window = new EventWindow();
  private openPage: OpenPage | undefined;
  /** The running read, which concurrent peeks share: two reads would return the same events. */
  private filling: Promise<void> | undefined;
  private adopting: NodeJS.Timeout | undefined;

  /**
   * @param channel to the worker
   * @param state what the worker found
   * @param options bounds, and whether receipts are stored
   * @param listener called with what happens
   */
  constructor(
    private readonly channel: DiskChannel,
    state: DiskState,
    private readonly options: DiskSpoolOptions,
    private readonly listener: DiskSpoolListener,
  ) {
    this.absorb(state);
  }

  append(event: SerialisedEvent): Promise<void> {
    const refusal = this.refusalOf(event);
    if (refusal) return Promise.reject(refusal);
    this.counter.add(event);
    if (!this.openPage || this.openPage.events.length === PAGE_EVENTS) this.openPage = this.startPage();
    this.openPage.events.push(event);
    return this.openPage.written;
  }

  async peek(limit: number): Promise<SpooledEvent[]> {
    while (this.window.isDrained) await (this.filling ??= this.fill().finally(() => (this.filling = undefined)));
    return this.window.take(limit);
  }

  async begin(events: readonly SpooledEvent[]): Promise<void> {
    await this.change({ do: 'begin', seqs: events.map(({ seq }) => seq) });
  }

  async release(events: readonly SpooledEvent[], inDoubt: boolean): Promise<void> {
    this.window.putBack(inDoubt ? events.map((event): SpooledEvent => ({ ...event, inDoubt })) : events);
    await this.change({ do: 'release', seqs: events.map(({ seq }) => seq), inDoubt });
  }

  async settle(settled: readonly Settled[]): Promise<void> {
    for (const { event } of settled) this.counter.remove(event);
    await this.change({ do: 'settle', seqs: settled.map(({ event }) => event.seq) }, this.options.ledger ? entriesOf(settled) : undefined);
  }

  async deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    this.countAside(event);
    await this.change({ do: 'deadLetter', seq: event.seq, reason, at: Date.now() });
  }

  async coalesce(kind: CoalescedKind, at: number): Promise<void> {
    await this.change({ do: 'coalesce', kind, at });
    this.counter.size.coalesced += 1;
  }

  coalesced(before: number): Promise<CoalescedAttempts[]> {
    return this.channel.ask({ ask: 'coalesced', before });
  }

  async replaceCoalesced(coalesced: CoalescedAttempts, event: SerialisedEvent): Promise<void> {
    const refusal = this.refusalOf(event);
    if (refusal) throw refusal;
    this.counter.add(event);
    await this.write([event], Date.now(), (page) => ({ do: 'replaceCoalesced', coalesced, page }));
    this.counter.size.coalesced -= coalesced.count;
  }

  size(): SpoolSize {
    return { ...this.counter.size };
  }

  waiting(): number {
    return this.window.waiting;
  }

  /** Takes over the spools of processes that have ended. */
  async adopt(): Promise<void> {
    this.absorb(await this.channel.ask({ ask: 'adopt' }));
  }

  /**
   * Takes over such spools regularly, until this one is closed.
   *
   * @param period in milliseconds
   * @param adopted called each time
   * @param failed called instead, with the error, if that failed
   */
  adoptEvery(period: number, adopted: () => void, failed: (thrown: unknown) => void): void {
    this.adopting = setInterval(() => void this.adopt().then(adopted, failed), period).unref();
  }

  close(): Promise<void> {
    clearInterval(this.adopting);
    return this.channel.close();
  }

  private refusalOf(event: SerialisedEvent): AuditError | undefined {
    return this.channel.broken ?? refusalOf(event, this.counter.size, this.options);
  }

  private change(change: SpoolChange, receipts?: LedgerEntry[]): Promise<number> {
    return this.channel.change(() => (receipts ? { change, receipts } : { change }));
  }

  private startPage(): OpenPage {
    const events: SerialisedEvent[] = [];
    const written = this.write(events, Date.now(), (page) => {
      // A page that is sent to the worker takes no more events.
      this.openPage = undefined;
      return { do: 'append', page };
    });
    return { events, written };
  }

  /**
   * Writes a page.
   *
   * @param events of the page; more may be added until it is sent
   * @param queuedAt time of the append, in milliseconds since 1970
   * @param changeWith the change that adds the page; called when it is sent
   */
  private async write(events: readonly SerialisedEvent[], queuedAt: number, changeWith: (page: NewPage) => SpoolChange): Promise<void> {
    try {
      const first = await this.channel.change(() => ({ change: changeWith(pageOf(events, queuedAt)) }));
      for (const [index, { id, body, tail, bytes }] of events.entries()) {
        this.window.add({ seq: first + index, id, body, tail, bytes, queuedAt, inDoubt: false, crashes: 0 });
      }
    } catch (thrown) {
      for (const event of events) this.counter.remove(event);
      throw thrown;
    }
  }

  /** Reads the next events from disk. */
  private async fill(): Promise<void> {
    const { rows, unreadable } = await this.channel.ask({ ask: 'read', ...this.window.next });
    const { events, unreadable: unusable } = readStored(rows);
    this.window.refill({ events, found: rows.length + unreadable.length, last: rows.at(-1)?.seq });
    // The worker has already set aside the events it could not read.
    for (const event of unreadable) this.countAside(event);
    for (const event of unusable) await this.deadLetter(event, event.reason);
    const lost = unreadable.length + unusable.length;
    if (lost > 0) this.listener.damaged(`${lost} of its events cannot be read and were set aside`);
  }

  private absorb({ gained, adopted, quarantined, elsewhere }: DiskState): void {
    for (const [name, value] of Object.entries(gained)) this.counter.size[name as keyof SpoolSize] += value as number;
    this.window.addOnDisk(gained.events);
    if (adopted > 0) this.listener.adopted(adopted);
    this.listener.elsewhere(elsewhere);
    for (const name of quarantined) this.listener.damaged(`${name} was put aside; what could be read of it was saved`);
  }

  private countAside(event: UndeliverableEvent): void {
    this.counter.remove(event);
    this.counter.size.setAside += 1;
  }
}

function entriesOf(settled: readonly Settled[]): LedgerEntry[] {
  const at = Date.now();
  return settled.flatMap(({ event, receipt, isVerified }) => {
    if (!receipt) return [];
    const seal = sealOf(JSON.parse(event.body) as AuditEvent);
    const place = seal && { instance: seal.instance, sealSeq: seal.seq };
    return [{ externalId: event.id, receiptId: receipt.id, hash: receipt.hash, isVerified, at, ...place }];
  });
}
