import { closeSync, lstatSync, openSync } from 'node:fs';
import { type SqliteDatabase, sqliteDriver, type SqliteStatement } from './driver.js';

/** Durability of a commit. After a power cut, `FULL` loses no commit; `NORMAL` may lose the last ones. */
export type Synchronous = 'FULL' | 'NORMAL';

/** Returns the prepared statement of some SQL. */
export type Statements = (sql: string) => SqliteStatement;

/** Values of `PRAGMA synchronous`: https://www.sqlite.org/pragma.html#pragma_synchronous */
const LEVELS: Record<Synchronous, number> = { NORMAL: 1, FULL: 2 };

/** Primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * Opens a database, and creates it if it is missing. A process must open a file only by this function: when another copy of SQLite, or `node:fs`,
 * closes the file, the process loses its locks on it (POSIX, fcntl).
 *
 * @param path the file, or `:memory:`
 * @param options `readOnly` for a file that no other process writes
 * @throws Error if the file cannot be opened, or if there is no SQLite
 */
export function openSqlite(path: string, options: { readOnly?: boolean } = {}): SqliteDatabase {
  const { DatabaseSync } = sqliteDriver();
  return new DatabaseSync(path, options);
}

/**
 * Turns on a write-ahead log and the requested durability, and checks both: some builds of SQLite use NORMAL in this mode, which may lose
 * acknowledged events in a power cut.
 *
 * @param db the database
 * @param synchronous the requested durability
 * @throws Error if SQLite uses other settings
 */
export function makeDurable(db: SqliteDatabase, synchronous: Synchronous = 'FULL'): void {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  const [mode, level] = [pragma(db, 'journal_mode'), pragma(db, 'synchronous')];
  if (mode === 'wal' && level === LEVELS[synchronous]) return;
  throw new Error(`SQLite uses journal_mode=${mode} and synchronous=${level}; expected wal and ${LEVELS[synchronous]} (${synchronous})`);
}

/**
 * Reads a pragma of a database.
 *
 * @param db the database
 * @param name of the pragma, e.g. `page_count`
 */
export function pragma(db: SqliteDatabase, name: string): string | number {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() as Record<string, string | number>)[0]!;
}

/**
 * Caches prepared statements, since preparing one costs more than running it.
 *
 * @param db the database
 */
export function statementsOf(db: SqliteDatabase): Statements {
  const statements = new Map<string, SqliteStatement>();
  return (sql) => {
    const known = statements.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };
}

/**
 * Runs work in a transaction, which is rolled back if the work throws.
 *
 * @param db the database
 * @param begin `BEGIN IMMEDIATE` to write, `BEGIN` for a consistent view of several reads
 * @param work the work
 * @returns what the work returns
 * @throws errors of the work and of SQLite
 */
export function transaction<T>(db: SqliteDatabase, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  db.exec(begin);
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (thrown) {
    // SQLite rolls back by itself if the disk is full.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

/**
 * Copies a database while it is in use.
 *
 * @param db the database
 * @param path path of the copy
 * @param pages number of pages to copy at a time
 * @param progress called with the number of pages copied and in total
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
 * Creates a file that only its owner can read. SQLite would create it readable for everybody, and gives its companion files the same mode.
 *
 * @param path the file; an existing one is not changed
 * @throws Error if the file or one of its companions is there and is not a regular file, for example a symbolic link
 */
export function makePrivate(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (lstatSync(path + suffix, { throwIfNoEntry: false })?.isFile() === false) throw new Error(`${path}${suffix} is not a regular file`);
  }
  try {
    // An existing file is not opened: closing it would drop the locks that this process holds on it (POSIX, fcntl).
    closeSync(openSync(path, 'ax', 0o600));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

/** Whether SQLite failed because the disk is full, which it may report as an I/O error. */
export function isDiskFull(thrown: unknown): boolean {
  return [SQLITE_FULL, SQLITE_IOERR].includes(resultCode(thrown));
}

/** Whether SQLite found that a file is damaged or not a database. */
export function isCorrupt(thrown: unknown): boolean {
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(resultCode(thrown));
}

/**
 * Checks a file for damage, without comparing indexes to tables.
 *
 * @param db the database
 * @throws Error that {@link isCorrupt} recognises, if the file is damaged
 */
export function quickCheck(db: SqliteDatabase): void {
  const found = pragma(db, 'quick_check(1)');
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: SQLITE_CORRUPT });
}

function resultCode(thrown: unknown): number {
  const { errcode } = thrown as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : 0;
}
