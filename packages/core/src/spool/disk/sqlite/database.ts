import { closeSync, openSync } from 'node:fs';
import { type SqliteDatabase, sqliteDriver } from './driver.js';

/** How much of what was committed a power cut may cost: nothing (`FULL`), or what came last (`NORMAL`). */
export type Synchronous = 'FULL' | 'NORMAL';

/** As `PRAGMA synchronous` tells them: https://www.sqlite.org/pragma.html#pragma_synchronous */
const LEVELS: Record<Synchronous, number> = { NORMAL: 1, FULL: 2 };

/** Primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * Opens a database, making it if it is missing. One process must open a file by this function only: another copy of SQLite, or `node:fs`, would drop the
 * locks on it when it closes the file (POSIX, fcntl).
 *
 * @param path the file, or `:memory:`
 * @param options `readOnly` for a file that nobody else writes
 * @throws Error when it cannot be opened, or when there is no SQLite
 */
export function openSqlite(path: string, options: { readOnly?: boolean } = {}): SqliteDatabase {
  const { DatabaseSync } = sqliteDriver();
  return new DatabaseSync(path, options);
}

/**
 * Has a database keep a write-ahead log and commit as durably as asked for, and looks whether it does: some builds of SQLite use NORMAL in this mode, which
 * loses acknowledged events in a power cut.
 *
 * @param db the database
 * @param synchronous how durably
 * @throws Error when it does not
 */
export function makeDurable(db: SqliteDatabase, synchronous: Synchronous = 'FULL'): void {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  const [mode, level] = [pragma(db, 'journal_mode'), pragma(db, 'synchronous')];
  if (mode === 'wal' && level === LEVELS[synchronous]) return;
  throw new Error(`SQLite uses journal_mode=${mode} and synchronous=${level}; expected wal and ${LEVELS[synchronous]} (${synchronous})`);
}

/**
 * Asks for a setting or a figure of a database.
 *
 * @param db the database
 * @param name of the pragma, e.g. `page_count`
 */
export function pragma(db: SqliteDatabase, name: string): string | number {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, string | number>)[0]!;
}

/**
 * Does work in a transaction: all of it or nothing.
 *
 * @param db the database
 * @param begin `BEGIN IMMEDIATE` to write, `BEGIN` to read what is of one moment
 * @param work what is done
 * @returns what the work returns
 * @throws what the work throws, and what SQLite throws
 */
export function transaction<T>(db: SqliteDatabase, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  db.exec(begin);
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (thrown) {
    // After a full disk SQLite has rolled back by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

/**
 * Copies a database while it is in use.
 *
 * @param db the database
 * @param path where to
 * @param pages how many pages at a time
 * @param progress is told how far it is, in pages
 */
export async function copySqlite(
  db: SqliteDatabase,
  path: string,
  pages: number,
  progress?: (done: number, total: number) => void,
): Promise<void> {
  await sqliteDriver().backup(db, path, {
    rate: pages,
    ...(progress && { progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages) }),
  });
}

/**
 * Makes a file that only its owner can read, before SQLite makes one for everybody; its companions take its mode.
 *
 * @param path the file; one that exists stays as it is
 */
export function makePrivate(path: string): void {
  try {
    // Never an existing one: closing it would drop the locks that this process holds on it (POSIX, fcntl).
    closeSync(openSync(path, 'ax', 0o600));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

/** Whether SQLite failed for want of room: a full disk may show as an I/O error, too. */
export function isDiskFull(thrown: unknown): boolean {
  return [SQLITE_FULL, SQLITE_IOERR].includes(resultCode(thrown));
}

/** Whether SQLite found that the file is damaged, or no database. */
export function isCorrupt(thrown: unknown): boolean {
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(resultCode(thrown));
}

/**
 * Looks whether the file is whole, as far as that is seen without reading every index.
 *
 * @param db the database
 * @throws Error that {@link isCorrupt} knows
 */
export function quickCheck(db: SqliteDatabase): void {
  const found = pragma(db, 'quick_check(1)');
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: SQLITE_CORRUPT });
}

function resultCode(thrown: unknown): number {
  const { errcode } = thrown as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : 0;
}
