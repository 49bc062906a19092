import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { AuditError } from '../../errors.js';
import { MAX_SOURCES, minuteOf } from '../coalesced.js';
import { idIn, type StoredEvent, type UnreadableEvent } from '../stored-event.js';
import { type NewPage, openPages, PAGE_TABLES } from './event-pages.js';
import { quarantine, recovered } from './recover.js';
import {
  isCorrupt,
  isDiskFull,
  makeDurable,
  makePrivate,
  openSqlite,
  quickCheck,
  type Synchronous,
  transaction,
} from './sqlite/database.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite/driver.js';
import type { CoalescedFailures, DeadLetter } from '../spool.js';

/** A change of the file. A commit makes all of its changes or none. */
export type SpoolChange =
  | { do: 'append'; page: NewPage }
  | { do: 'begin'; seqs: number[] }
  | { do: 'release'; seqs: number[]; inDoubt: boolean }
  | { do: 'settle'; seqs: number[] }
  | { do: 'deadLetter'; seq: number; reason: string; at: number }
  | { do: 'coalesce'; source: string; at: number }
  | { do: 'replaceCoalesced'; coalesced: CoalescedFailures; page: NewPage };

/** The size of a spool in a file. */
export interface SpoolFileSize {
  events: number;
  bytes: number;
  failures: number;
  coalesced: number;
  setAside: number;
}

/** Options for opening a file. */
export interface SpoolFileOptions {
  /** The most bytes of event JSON; the size of the file is bounded in proportion. */
  maxBytes: number;
  /** `NORMAL` may lose acknowledged events in a power cut. Only the test that proves this uses it. @default 'FULL' */
  synchronous?: Synchronous;
  /**
   * `own`: by the process that holds the spool's lock. `share`: while another process may own it. `read`: the same, without changing anything.
   * @default 'own'
   */
  mode?: 'own' | 'share' | 'read';
}

/** A spool in one SQLite file. Every function blocks; call it in a worker. */
export interface SpoolFile {
  readonly path: string;
  /** The name that the damaged file was renamed to, if it was damaged when it was opened. Its readable events are in this file. */
  readonly quarantined: string | undefined;
  /**
   * Commits all of the changes or none.
   *
   * @returns for each change, the position of the first event that it added, or 0
   * @throws AuditError `ERR_AUDIT_SPOOL_FULL` if the disk is full, `ERR_AUDIT_SPOOL` if the file cannot be written for another reason
   */
  commit(changes: readonly SpoolChange[]): number[];
  /**
   * Reads events in order. Those that cannot be read are returned separately; if the file is opened as `own`, they are set aside.
   *
   * @param after only events with a higher position
   * @param limit the most events
   * @param maxBytes stop when the events' JSON has this many bytes
   */
  read(after: number, limit: number, maxBytes?: number): { rows: StoredEvent[]; unreadable: UnreadableEvent[] };
  coalesced(before: number): CoalescedFailures[];
  deadLetters(): DeadLetter[];
  discard(seqs: readonly number[]): number;
  size(): SpoolFileSize;
  /** When the oldest event was appended, in milliseconds since 1970. */
  oldest(): number | undefined;
  /** File names of the spools whose events were taken over. */
  adopted(): string[];
  /** Adds events that were recovered from a damaged file. */
  save(bodies: readonly string[], queuedAt: number): void;
  /** Copies everything from another file, and remembers its name so that it is not copied twice. @returns the number of events */
  adopt(other: SpoolFile, name: string): number;
  close(): void;
}

const SQLITE_PAGE_BYTES = 4_096;
const WAL_PAGES = 500;
/** More than a checkpoint of the whole write-ahead log can need. */
const RESERVED_BYTES = 2 * WAL_PAGES * SQLITE_PAGE_BYTES;
const JOURNAL_LIMIT = WAL_PAGES * SQLITE_PAGE_BYTES;
/** The file may be this many times larger than the events' JSON: it also holds indexes, free pages and dead letters. */
const ROOM_FACTOR = 3;
const SCHEMA = `${PAGE_TABLES}
  CREATE TABLE IF NOT EXISTS set_aside (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS coalesced (minute INTEGER, source TEXT, count INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (minute, source)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS adopted (name TEXT PRIMARY KEY) WITHOUT ROWID;`;

/**
 * Opens a spool in one SQLite file, and creates it if it is missing. A damaged file is renamed, and its readable events are copied to a new one.
 *
 * @param path the file
 * @param options bounds, durability and mode
 * @throws AuditError `ERR_AUDIT_SPOOL` if the file cannot be opened, or if SQLite does not commit as durably as requested
 */
export function openSpoolFile(path: string, options: SpoolFileOptions): SpoolFile {
  try {
    return openHealthy(path, options, undefined);
  } catch (thrown) {
    if (!isCorrupt(thrown) || (options.mode ?? 'own') !== 'own') throw broken(thrown);
  }
  const quarantined = quarantine(path);
  const file = openHealthy(path, options, quarantined);
  for (const { bodies, queuedAt } of recovered(quarantined)) file.save(bodies, queuedAt);
  return file;
}

function openHealthy(path: string, options: SpoolFileOptions, quarantined: string | undefined): SpoolFile {
  const { mode = 'own' } = options;
  const db = mode === 'read' ? openForReading(path) : openDatabase(path, options);
  const reservedSpace = `${path}-reserved`;
  let reservedState: 'none' | 'reserved' | 'spent' = 'none';
  const statement = cached(db);
  const pages = openPages(statement, (statement('SELECT coalesce(max(seq), 0) AS seq FROM set_aside').get() as { seq: number }).seq);

  function apply(change: SpoolChange): number {
    switch (change.do) {
      case 'append':
        return pages.add(change.page);
      case 'begin':
        pages.begin(change.seqs);
        return 0;
      case 'release':
        pages.release(change.seqs, change.inDoubt);
        return 0;
      case 'settle':
        pages.remove(change.seqs);
        return 0;
      case 'deadLetter': {
        const body = pages.body(change.seq);
        if (body !== undefined) storeDeadLetter({ ...change, id: idIn(body, change.seq), body });
        pages.remove([change.seq]);
        return 0;
      }
      case 'coalesce':
        coalesce(change.source, change.at);
        return 0;
      case 'replaceCoalesced': {
        const { count, minute, source } = change.coalesced;
        statement('UPDATE coalesced SET count = count - ? WHERE minute = ? AND source = ?').run(count, minute, source);
        statement('DELETE FROM coalesced WHERE count <= 0').run();
        return pages.add(change.page);
      }
    }
  }

  function storeDeadLetter({ seq, id, body, reason, at }: DeadLetter): void {
    statement('INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?, ?)').run(seq, id, body, reason, at);
  }

  function coalesce(source: string, at: number): void {
    const minute = minuteOf(at);
    const isKnown = statement('SELECT 1 FROM coalesced WHERE minute = ? AND source = ?').get(minute, source) !== undefined;
    const isTooMany =
      !isKnown && (statement('SELECT count(*) AS n FROM coalesced WHERE minute = ?').get(minute) as { n: number }).n >= MAX_SOURCES;
    statement(
      `INSERT INTO coalesced VALUES (?1, ?2, 1, ?3, ?3) ON CONFLICT DO UPDATE SET count = count + 1, first = min(first, ?3), last = max(last, ?3)`,
    ).run(minute, isTooMany ? '' : source, at);
  }

  function commit(changes: readonly SpoolChange[]): number[] {
    if (reservedState === 'spent' && changes.some(isTaking)) restoreReserve();
    if (reservedState === 'spent' && changes.some(isTaking)) throw full();
    try {
      return transaction(db, 'BEGIN IMMEDIATE', () => changes.map(apply));
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw broken(thrown);
      if (!changes.every(isSettling) || !makeRoom()) throw full();
      return transaction(db, 'BEGIN IMMEDIATE', () => changes.map(apply));
    }
  }

  /** Gives up the reserved space, since SQLite needs room to delete. New events are refused until the space is reserved again. */
  function makeRoom(): boolean {
    rmSync(reservedSpace, { force: true });
    if (reservedState === 'reserved') reservedState = 'spent';
    const { busy } = statement('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    return busy === 0;
  }

  function restoreReserve(): void {
    try {
      // Deleted events have freed pages in the file, which must be returned to the disk first.
      if (reservedState === 'spent') db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
      if (reserveSpace(reservedSpace)) reservedState = 'reserved';
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw broken(thrown);
    }
  }

  function full(): AuditError {
    return new AuditError('ERR_AUDIT_SPOOL_FULL', `The disk of the spool is full (${path}).`);
  }

  function read(after: number, limit: number, maxBytes = Number.POSITIVE_INFINITY): ReturnType<SpoolFile['read']> {
    // A transaction gives a consistent view, since the owner of the file may be settling events.
    const found = transaction(db, 'BEGIN', () => pages.read(after, limit, maxBytes));
    const at = Date.now();
    if (found.unreadable.length > 0 && mode === 'own') {
      commit(found.unreadable.map(({ seq, reason }) => ({ do: 'deadLetter', seq, reason, at })));
    }
    return found;
  }

  function size(): SpoolFileSize {
    const sql = 'SELECT (SELECT coalesce(sum(count), 0) FROM coalesced) AS coalesced, (SELECT count(*) FROM set_aside) AS setAside';
    return { ...pages.size(), ...(statement(sql).get() as { coalesced: number; setAside: number }) };
  }

  if (mode === 'own') {
    transaction(db, 'BEGIN IMMEDIATE', pages.land);
    restoreReserve();
  }

  return {
    path,
    quarantined,
    commit,
    read,
    coalesced: (before) =>
      (
        statement('SELECT minute, source, count, first, last FROM coalesced WHERE minute < ? ORDER BY minute').all(
          before,
        ) as CoalescedFailures[]
      ).map((found) => ({ ...found })),
    deadLetters: () =>
      (statement('SELECT seq, id, body, reason, at FROM set_aside ORDER BY seq').all() as DeadLetter[]).map((found) => ({ ...found })),
    discard: (seqs) =>
      Number(statement('DELETE FROM set_aside WHERE seq IN (SELECT value FROM json_each(?))').run(JSON.stringify(seqs)).changes),
    size,
    oldest: pages.oldest,
    adopted: () => (statement('SELECT name FROM adopted').all() as { name: string }[]).map(({ name }) => name),
    save(bodies, queuedAt) {
      // It is not known whether the events were sent.
      const rows = bodies.map((body) => ({ seq: 0, body, queuedAt, inDoubt: true, crashes: 0 }));
      transaction(db, 'BEGIN IMMEDIATE', () => pages.addAll(rows));
    },
    adopt(other, name) {
      return transaction(db, 'BEGIN IMMEDIATE', () => {
        let count = 0;
        let after = 0;
        for (let page = other.read(after, 1_000); page.rows.length > 0; page = other.read(after, 1_000)) {
          count += pages.addAll(page.rows);
          after = page.rows.at(-1)!.seq;
        }
        for (const event of other.deadLetters()) storeDeadLetter({ ...event, seq: pages.place() });
        for (const found of other.coalesced(Number.MAX_SAFE_INTEGER)) {
          statement('INSERT INTO coalesced VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET count = count + ?3').run(
            found.minute,
            found.source,
            found.count,
            found.first,
            found.last,
          );
        }
        for (const each of [name, ...other.adopted()]) statement('INSERT OR IGNORE INTO adopted VALUES (?)').run(each);
        return count;
      });
    },
    close() {
      if (mode !== 'own') return db.close();
      if (db.isOpen) {
        // SQLite does not checkpoint on close while prepared statements have not been collected.
        db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        db.close();
      }
      rmSync(reservedSpace, { force: true });
    },
  };
}

function isTaking({ do: what }: SpoolChange): boolean {
  return what === 'append' || what === 'coalesce' || what === 'replaceCoalesced';
}

function isSettling({ do: what }: SpoolChange): boolean {
  return what === 'settle' || what === 'deadLetter';
}

function openDatabase(path: string, { maxBytes, synchronous = 'FULL' }: SpoolFileOptions): SqliteDatabase {
  makePrivate(path);
  const db = openSqlite(path);
  try {
    db.exec(`PRAGMA page_size = ${SQLITE_PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA busy_timeout = 5000`);
    makeDurable(db, synchronous);
    db.exec(`PRAGMA journal_size_limit = ${JOURNAL_LIMIT}; PRAGMA wal_autocheckpoint = ${WAL_PAGES};
      PRAGMA max_page_count = ${Math.ceil((maxBytes * ROOM_FACTOR + 4 * RESERVED_BYTES) / SQLITE_PAGE_BYTES)}`);
    db.exec(SCHEMA);
    quickCheck(db);
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Opens a file without changing events. It is not opened as read-only: SQLite must rebuild the index of a WAL file that a killed process left behind. */
function openForReading(path: string): SqliteDatabase {
  const db = openSqlite(path);
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = ON');
  if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'adopted'`).get() !== undefined) return db;
  db.close();
  // The process ended before it created the tables.
  const empty = openSqlite(':memory:');
  empty.exec(SCHEMA);
  return empty;
}

/** Caches prepared statements, since preparing one costs more than running it. */
function cached(db: SqliteDatabase): (sql: string) => SqliteStatement {
  const statements = new Map<string, SqliteStatement>();
  return (sql) => {
    const known = statements.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
}

/** Reserves space, unless the disk is nearly full: there, events need the room. */
function reserveSpace(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    if (bavail * bsize < 2 * RESERVED_BYTES) return false;
    const fd = openSync(path, 'w', 0o600);
    try {
      const zeros = Buffer.alloc(65_536);
      for (let written = 0; written < RESERVED_BYTES; written += zeros.length) writeSync(fd, zeros);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    rmSync(path, { force: true });
    return false;
  }
}

function broken(thrown: unknown): AuditError {
  if (thrown instanceof AuditError) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL', `The spool cannot be used: ${thrown instanceof Error ? thrown.message : 'unknown'}.`);
}
