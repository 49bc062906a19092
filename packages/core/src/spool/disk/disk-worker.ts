import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { existsSync } from 'node:fs';
import { isAuditError } from '../../errors.js';
import { lockSpool, removeSpool, type SpoolLock, spoolsIn } from './directory.js';
import type { DiskFailure, DiskReply, DiskRequest, DiskState, DiskWorkerData } from './disk-protocol.js';
import { waitingElsewhere } from './elsewhere.js';
import { type Ledger, openLedger } from './ledger.js';
import type { SpoolSize } from '../spool.js';
import { isTaking, openSpoolFile, type SpoolFile } from './spool-file.js';

const port = parentPort!;
const { directory, destination, file: path, ledger: ledgerPath, maxBytes, synchronous } = workerData as DiskWorkerData;

let lock: SpoolLock | undefined;
let file: SpoolFile;
let ledger: Ledger | undefined;
let requests: DiskRequest[] = [];

try {
  lock = lockSpool(path);
  file = openSpoolFile(path, { maxBytes, synchronous });
  if (ledgerPath !== undefined) ledger = openLedger(ledgerPath);
  send({ ready: adoptOrphans({ events: 0, bytes: 0, coalesced: 0, setAside: 0 }) });
  port.on('message', (posted: DiskRequest[]) => {
    // All requests that arrive in this turn are committed together.
    if (requests.length === 0) setImmediate(work);
    requests.push(...posted);
  });
} catch (thrown) {
  send({ failed: failureOf(thrown) });
  port.close();
}

function work(): void {
  const batch = requests;
  requests = [];
  const answers: Extract<DiskReply, { answers: unknown }>['answers'] = [];
  const changes = batch.filter((request) => 'change' in request);
  answers.push(...commitAll(changes));
  for (const request of batch) {
    if ('change' in request) continue;
    try {
      answers.push({ n: request.n, result: answer(request) });
    } catch (thrown) {
      answers.push({ n: request.n, error: failureOf(thrown) });
    }
  }
  send({ answers });
  if (batch.some((request) => 'ask' in request && request.ask === 'close')) port.close();
}

type Change = Extract<DiskRequest, { change: unknown }>;

/**
 * Commits all changes together. If that fails, it commits each one separately, those that free room first, so that a change that does not fit affects
 * no other.
 */
function commitAll(changes: Change[]): { n: number; result?: unknown; error?: DiskFailure }[] {
  if (changes.length === 0) return [];
  try {
    // Receipts are written first: after a crash in between, the event is sent again instead of missing its receipt.
    for (const { change, receipts } of changes) {
      if (ledger && receipts && change.do === 'settle') ledger.store(receipts);
    }
    const places = file.commit(changes.map(({ change }) => change));
    return changes.map(({ n }, index) => ({ n, result: places[index] }));
  } catch (thrown) {
    if (changes.length === 1) return [{ n: changes[0]!.n, error: failureOf(thrown) }];
    const freeing = changes.filter(({ change }) => !isTaking(change));
    const taking = changes.filter(({ change }) => isTaking(change));
    return [...freeing.flatMap((change) => commitAll([change])), ...taking.flatMap((change) => commitAll([change]))];
  }
}

function answer(request: Exclude<DiskRequest, Change>): unknown {
  switch (request.ask) {
    case 'read':
      return file.read(request.after, request.limit, request.maxBytes);
    case 'coalesced':
      return file.coalesced(request.before);
    case 'adopt':
      return adoptOrphans(file.size());
    case 'close':
      return close();
  }
}

/** Takes over the spools of processes that have ended. A spool that one of them had already taken over, but not yet removed, is not taken over twice. */
function adoptOrphans(before: SpoolSize): DiskState {
  const orphans: { file: SpoolFile; lock: SpoolLock; name: string }[] = [];
  const quarantined = file.quarantined === undefined ? [] : [basename(file.quarantined)];
  let adopted = 0;
  try {
    for (const other of spoolsIn(directory, destination)) {
      if (other === path) continue;
      const held = lockSpool(other);
      if (!held) continue;
      if (!existsSync(other)) {
        held.release();
        continue;
      }
      const orphan = openSpoolFile(other, { maxBytes, synchronous });
      if (orphan.quarantined !== undefined) quarantined.push(basename(orphan.quarantined));
      orphans.push({ file: orphan, lock: held, name: basename(other) });
    }
    const taken = new Set([...file.adopted(), ...orphans.flatMap((orphan) => orphan.file.adopted())]);
    for (const orphan of orphans) {
      if (!taken.has(orphan.name)) adopted += file.adopt(orphan.file, orphan.name);
      orphan.file.close();
      removeSpool(orphan.file.path);
    }
  } finally {
    for (const orphan of orphans) {
      orphan.file.close();
      orphan.lock.release();
    }
  }
  const after = file.size();
  const gained = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name as keyof SpoolSize]]));
  return { gained: gained as unknown as SpoolSize, adopted, quarantined, elsewhere: waitingElsewhere(directory, destination) };
}

function close(): { isEmpty: boolean } {
  const { events, coalesced, setAside } = file.size();
  const isEmpty = events + coalesced + setAside === 0;
  file.close();
  ledger?.close();
  if (isEmpty) removeSpool(path);
  lock?.release();
  return { isEmpty };
}

function failureOf(thrown: unknown): DiskFailure {
  if (isAuditError(thrown)) return { code: thrown.code, message: thrown.message };
  return { code: 'ERR_AUDIT_SPOOL', message: `The spool failed: ${thrown instanceof Error ? thrown.message : 'unknown'}.` };
}

function send(reply: DiskReply): void {
  port.postMessage(reply);
}
