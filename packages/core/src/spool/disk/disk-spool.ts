import type { AuditEvent } from '../../event/event.js';
import { sealOf } from '../../event/seal.js';
import type { SerialisedEvent } from '../../event/serialise.js';
import { refusalOf, type SpoolBounds } from '../bounds.js';
import type { SpoolPlace } from './directory.js';
import { DiskChannel } from './disk-channel.js';
import type { DiskState, DiskWorkerData } from './disk-protocol.js';
import type { LedgerEntry } from './ledger.js';
import { createQueue } from '../queue.js';
import type { CoalescingSpool, Settled, SpooledEvent, SpoolSize, UndeliverableEvent } from '../spool.js';
import { type NewPage, PAGE_EVENTS, pageOf } from './event-pages.js';
import type { Synchronous } from './sqlite/database.js';
import type { SpoolChange } from './spool-file.js';
import { readStored } from '../stored-event.js';
import { createSpoolCounter } from '../spool-counter.js';

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
  /** A damaged file was renamed, or damaged events were set aside. */
  damaged(what: string): void;
}

/** A spool on disk. */
export interface DiskSpool extends CoalescingSpool {
  /** Takes over the spools of processes that have ended. */
  adopt(): Promise<void>;
}

/** The page that collects the events of this turn of the event loop. They share one promise. */
interface OpenPage {
  events: SerialisedEvent[];
  written: Promise<void>;
}

/** The most events that are kept in memory, ready to be sent. The others are read from disk when it is their turn. */
const WINDOW_EVENTS = 20_000;
const WINDOW_BYTES = 16_777_216;

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
  const counter = createSpoolCounter();
  const queue = createQueue<SpooledEvent>();
  let queuedBytes = 0;
  let lastInMemory = 0;
  let onDisk = 0;
  let openPage: OpenPage | undefined;
  const workerData: DiskWorkerData = {
    directory: place.directory,
    destination: place.destination,
    file: place.file,
    ledger: options.ledger ? place.ledger : undefined,
    maxBytes: options.maxBytes,
    synchronous: options.synchronous ?? 'FULL',
  };
  // A page that was sent to the worker takes no more events.
  const { channel, state } = await DiskChannel.open(workerData, options.commitTimeout, () => (openPage = undefined));
  absorb(state);

  const change = (what: SpoolChange, receipts?: LedgerEntry[]): Promise<number> =>
    channel.change(() => (receipts ? { change: what, receipts } : { change: what }));

  function absorb({ gained, adopted, quarantined }: DiskState): void {
    for (const [name, value] of Object.entries(gained)) counter.size[name as keyof SpoolSize] += value as number;
    // Events that were taken over are on disk only. Newer events must not overtake them, so these stay on disk as well until it is their turn.
    onDisk += gained.events;
    if (adopted > 0) listener.adopted(adopted);
    for (const name of quarantined) listener.damaged(`${name} was put aside; what could be read of it was saved`);
  }

  /** Keeps an appended event in memory, unless older events are on disk only. */
  function arrive(event: SpooledEvent): void {
    if (onDisk > 0 || queue.length >= WINDOW_EVENTS || queuedBytes >= WINDOW_BYTES) {
      onDisk += 1;
      return;
    }
    lastInMemory = event.seq;
    queuedBytes += event.bytes;
    queue.push(event);
  }

  async function fill(): Promise<void> {
    const { rows, unreadable } = await channel.ask({ ask: 'read', after: lastInMemory, limit: 1_000, maxBytes: WINDOW_BYTES });
    const found = rows.length + unreadable.length;
    onDisk = found === 0 ? 0 : Math.max(0, onDisk - found);
    const { events, unreadable: unusable } = readStored(rows);
    lastInMemory = rows.at(-1)?.seq ?? lastInMemory;
    for (const event of events) {
      queuedBytes += event.bytes;
      queue.push(event);
    }
    // The worker has already set aside the events it could not read.
    for (const event of unreadable) countAside(event);
    for (const event of unusable) await deadLetter(event, event.reason);
    const lost = unreadable.length + unusable.length;
    if (lost > 0) listener.damaged(`${lost} of its events cannot be read and were set aside`);
  }

  function countAside(event: UndeliverableEvent): void {
    counter.remove(event);
    counter.size.setAside += 1;
  }

  async function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    countAside(event);
    await change({ do: 'deadLetter', seq: event.seq, reason, at: Date.now() });
  }

  /** The running read, which concurrent peeks share: two reads would return the same events. */
  let filling: Promise<void> | undefined;
  async function peek(limit: number): Promise<SpooledEvent[]> {
    while (queue.length === 0 && onDisk > 0) await (filling ??= fill().finally(() => (filling = undefined)));
    const taken = queue.take(limit);
    for (const { bytes } of taken) queuedBytes -= bytes;
    return taken;
  }

  async function write(events: readonly SerialisedEvent[], queuedAt: number, makeChange: (page: NewPage) => SpoolChange): Promise<void> {
    try {
      const first = await channel.change(() => ({ change: makeChange(pageOf(events, queuedAt)) }));
      for (const [index, { id, body, tail, bytes, isFailure }] of events.entries()) {
        arrive({ seq: first + index, id, body, tail, bytes, isFailure, queuedAt, inDoubt: false, crashes: 0 });
      }
    } catch (thrown) {
      for (const event of events) counter.remove(event);
      throw thrown;
    }
  }

  function append(event: SerialisedEvent): Promise<void> {
    const refusal = channel.broken ?? refusalOf(event, counter.size, options);
    if (refusal) return Promise.reject(refusal);
    counter.add(event);
    if (!openPage || openPage.events.length === PAGE_EVENTS) {
      const [events, queuedAt] = [[] as SerialisedEvent[], Date.now()];
      openPage = { events, written: write(events, queuedAt, (page) => ({ do: 'append', page })) };
    }
    openPage.events.push(event);
    return openPage.written;
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

  return {
    isDurable: true,
    append,
    peek,
    async begin(events) {
      await change({ do: 'begin', seqs: events.map(({ seq }) => seq) });
    },
    async release(events, inDoubt) {
      for (const { bytes } of events) queuedBytes += bytes;
      queue.putBack(inDoubt ? events.map((event): SpooledEvent => ({ ...event, inDoubt })) : events);
      await change({ do: 'release', seqs: events.map(({ seq }) => seq), inDoubt });
    },
    async settle(settled) {
      for (const { event } of settled) counter.remove(event);
      await change({ do: 'settle', seqs: settled.map(({ event }) => event.seq) }, options.ledger ? entriesOf(settled) : undefined);
    },
    deadLetter,
    async coalesce(source, at) {
      await change({ do: 'coalesce', source, at });
      counter.size.coalesced += 1;
    },
    coalesced: (before) => channel.ask({ ask: 'coalesced', before }),
    async replaceCoalesced(coalesced, event) {
      const refusal = channel.broken ?? refusalOf(event, counter.size, options);
      if (refusal) throw refusal;
      counter.add(event);
      await write([event], Date.now(), (page) => ({ do: 'replaceCoalesced', coalesced, page }));
      counter.size.coalesced -= coalesced.count;
    },
    adopt: async () => absorb(await channel.ask({ ask: 'adopt' })),
    size: () => ({ ...counter.size }),
    waiting: () => queue.length + onDisk,
    close: () => channel.close(),
  };
}
