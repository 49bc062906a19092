import { Worker } from 'node:worker_threads';
import { AuditError } from '../../errors.js';
import type { AuditEvent } from '../../event/event.js';
import { sealOf } from '../../event/seal.js';
import type { SerialisedEvent } from '../../event/serialise.js';
import { refusalOf, type SpoolBounds } from '../bounds.js';
import type { SpoolPlace } from './directory.js';
import type { DiskAnswers, DiskFailure, DiskQuestion, DiskReply, DiskRequest, DiskState, DiskWorkerData } from './disk-protocol.js';
import type { LedgerEntry } from './ledger.js';
import { createQueue } from '../queue.js';
import type { CoalescingSpool, Settled, SpooledEvent, SpoolSize } from '../spool.js';
import { type NewPage, PAGE_EVENTS, pageOf } from './event-pages.js';
import type { Synchronous } from './sqlite/database.js';
import type { SpoolChange } from './spool-file.js';
import { spooledEvent } from '../spooled-event.js';
import { createSpoolCounter } from '../spool-counter.js';
import workerFile from './worker-path.cjs';

/** How a spool on disk works. */
export interface DiskSpoolOptions extends SpoolBounds {
  /** Keep receipts in a ledger. */
  ledger: boolean;
  /** How long the disk may take for a commit, in milliseconds. */
  commitTimeout: number;
  synchronous?: Synchronous;
}

/** What a spool on disk tells. */
export interface DiskSpoolListener {
  /** Events of processes that are gone were taken over. */
  adopted(events: number): void;
  /** A file was damaged and put aside, or events in it were set aside. */
  damaged(what: string): void;
}

/** A spool on disk. */
export interface DiskSpool extends CoalescingSpool {
  /** Takes over what processes that are gone have left. */
  adopt(): Promise<void>;
}

/** What ends the waiting for a message's answers, as long as any is missing. */
interface Late {
  timer: NodeJS.Timeout;
  left: number;
}

/** Events that are appended in one turn of the event loop, and answered at once. */
interface OpenPage {
  events: SerialisedEvent[];
  written: Promise<void>;
}

/** So much is kept in memory, ready to be sent; the rest is read when it is its turn. */
const WINDOW_EVENTS = 20_000;
const WINDOW_BYTES = 16_777_216;

/**
 * Opens the spool of this process: a SQLite file that a worker writes, so that no request waits for the disk. What is appended is answered when it is on
 * disk; appends of the same moment share one commit.
 *
 * @param place its files
 * @param options its bounds
 * @param listener is told what happens
 * @throws AuditError `ERR_AUDIT_SPOOL` when it cannot be opened
 */
export async function openDiskSpool(place: SpoolPlace, options: DiskSpoolOptions, listener: DiskSpoolListener): Promise<DiskSpool> {
  const counter = createSpoolCounter();
  const queue = createQueue<SpooledEvent>();
  let queuedBytes = 0;
  let lastInMemory = 0;
  let onDisk = 0;
  let outbox: (() => DiskRequest)[] = [];
  let openPage: OpenPage | undefined;
  let number = 0;
  let broken: AuditError | undefined;
  const open = new Map<number, { resolve(value: never): void; reject(error: AuditError): void; late?: Late }>();
  const workerData: DiskWorkerData = {
    directory: place.directory,
    destination: place.destination,
    file: place.file,
    ledger: options.ledger ? place.ledger : undefined,
    maxBytes: options.maxBytes,
    synchronous: options.synchronous ?? 'FULL',
  };
  // Without the application's flags: what it preloads into its own threads has no place in this one.
  const worker = new Worker(workerFile.workerPath, { workerData, execArgv: [] });
  const state = await started(worker);
  worker.unref();
  worker.on('message', (reply: DiskReply) => {
    if ('answers' in reply) for (const each of reply.answers) settleRequest(each.n, each.error, each.result);
  });
  worker.on('error', (error) => breakDown(`its worker ended: ${error.message}`));
  worker.on('exit', () => breakDown('its worker ended'));
  absorb(state);

  function breakDown(why: string): void {
    broken ??= new AuditError('ERR_AUDIT_SPOOL', `The spool cannot be used: ${why}.`);
    for (const n of [...open.keys()]) settleRequest(n, broken, undefined);
  }

  function settleRequest(n: number, error: DiskFailure | undefined, result: unknown): void {
    const waiter = open.get(n);
    if (!waiter) return;
    open.delete(n);
    if (waiter.late && (waiter.late.left -= 1) === 0) clearTimeout(waiter.late.timer);
    if (open.size === 0) worker.unref();
    if (error) waiter.reject(new AuditError(error.code, error.message));
    else waiter.resolve(result as never);
  }

  /** @param what is asked when the message leaves, at the end of the turn */
  function request<T>(what: () => { change: SpoolChange; receipts?: LedgerEntry[] } | DiskQuestion): Promise<T> {
    if (broken) return Promise.reject(broken);
    const n = (number += 1);
    return new Promise<T>((resolve, reject) => {
      // Not before the answer is the process to end; by itself the worker keeps nothing alive.
      if (open.size === 0) worker.ref();
      open.set(n, { resolve, reject });
      if (outbox.push(() => ({ n, ...what() })) === 1) setImmediate(post);
    });
  }

  /** One message a turn, and one timer: what crosses to the worker is copied, and each message costs. */
  function post(): void {
    const messages = outbox.map((message) => message());
    outbox = [];
    openPage = undefined;
    const error: DiskFailure = {
      code: 'ERR_AUDIT_SPOOL',
      message: `The disk of the spool gave no answer within ${options.commitTimeout} ms.`,
    };
    const timer = setTimeout(() => messages.forEach(({ n }) => settleRequest(n, error, undefined)), options.commitTimeout).unref();
    const late: Late = { timer, left: messages.length };
    for (const { n } of messages) {
      const waiter = open.get(n);
      if (waiter) waiter.late = late;
    }
    worker.postMessage(messages);
  }

  const change = (what: SpoolChange, receipts?: LedgerEntry[]): Promise<number> =>
    request(() => (receipts ? { change: what, receipts } : { change: what }));
  const ask = <Q extends DiskQuestion>(question: Q): Promise<DiskAnswers[Q['ask']]> => request(() => question);

  function absorb({ gained, adopted, quarantined }: DiskState): void {
    for (const [name, value] of Object.entries(gained)) counter.size[name as keyof SpoolSize] += value as number;
    // What is taken over comes behind all that was appended, so from now on new events stay on disk until it is their turn.
    onDisk += gained.events;
    if (adopted > 0) listener.adopted(adopted);
    for (const name of quarantined) listener.damaged(`${name} was put aside; what could be read of it was saved`);
  }

  /** What was appended is handed out from memory, as long as nothing older is on disk only. */
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
    const { rows, damaged } = await ask({ ask: 'read', after: lastInMemory, limit: 1_000, maxBytes: WINDOW_BYTES });
    onDisk = rows.length + damaged === 0 ? 0 : Math.max(0, onDisk - rows.length - damaged);
    if (damaged > 0) {
      counter.size.events -= damaged;
      counter.size.setAside += damaged;
      listener.damaged(`${damaged} of its events were damaged and set aside`);
    }
    for (const row of rows) {
      const event = spooledEvent(row);
      lastInMemory = event.seq;
      queuedBytes += event.bytes;
      queue.push(event);
    }
  }

  /** Takes turns: two that fill at once would read the same events. */
  let filling: Promise<void> | undefined;
  async function peek(limit: number): Promise<SpooledEvent[]> {
    while (queue.length === 0 && onDisk > 0) await (filling ??= fill().finally(() => (filling = undefined)));
    const taken = queue.take(limit);
    for (const { bytes } of taken) queuedBytes -= bytes;
    return taken;
  }

  async function write(events: readonly SerialisedEvent[], queuedAt: number, makeChange: (page: NewPage) => SpoolChange): Promise<void> {
    try {
      const first = await request<number>(() => ({ change: makeChange(pageOf(events, queuedAt)) }));
      for (const [index, { id, body, tail, bytes, isFailure }] of events.entries()) {
        arrive({ seq: first + index, id, body, tail, bytes, isFailure, queuedAt, inDoubt: false, crashes: 0 });
      }
    } catch (thrown) {
      for (const event of events) counter.remove(event);
      throw thrown;
    }
  }

  function append(event: SerialisedEvent): Promise<void> {
    const refusal = broken ?? refusalOf(event, counter.size, options);
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
    async setAside(event, reason) {
      counter.remove(event);
      counter.size.setAside += 1;
      await change({ do: 'setAside', seq: event.seq, reason, at: Date.now() });
    },
    async coalesce(source, at) {
      await change({ do: 'coalesce', source, at });
      counter.size.coalesced += 1;
    },
    coalesced: (before) => ask({ ask: 'coalesced', before }),
    async replaceCoalesced(coalesced, event) {
      const refusal = broken ?? refusalOf(event, counter.size, options);
      if (refusal) throw refusal;
      counter.add(event);
      await write([event], Date.now(), (page) => ({ do: 'replaceCoalesced', coalesced, page }));
      counter.size.coalesced -= coalesced.count;
    },
    adopt: async () => absorb(await ask({ ask: 'adopt' })),
    size: () => ({ ...counter.size }),
    waiting: () => queue.length + onDisk,
    async close() {
      if (broken) return;
      await ask({ ask: 'close' });
      broken = new AuditError('ERR_AUDIT_CLOSED', 'The spool is closed.');
      await worker.terminate();
    },
  };
}

async function started(worker: Worker): Promise<DiskState> {
  const reply = await new Promise<DiskReply>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error) => reject(new AuditError('ERR_AUDIT_SPOOL', `The spool's worker did not start: ${error.message}.`)));
  });
  if ('ready' in reply) return reply.ready;
  await worker.terminate();
  const { code, message } = (reply as { failed: DiskFailure }).failed;
  throw new AuditError(code, message);
}
