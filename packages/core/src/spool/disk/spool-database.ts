import { COALESCED_TABLE } from './coalesced-rows.js';
import { DEAD_LETTER_TABLE } from './dead-letter-rows.js';
import { PAGE_TABLES } from './event-pages.js';
import { makeDurable, makePrivate, openSqlite, quickCheck, type Synchronous } from '../../sqlite/database.js';
import type { SqliteDatabase } from '../../sqlite/driver.js';

const SQLITE_PAGE_BYTES = 4_096;
const WAL_PAGES = 500;
const JOURNAL_LIMIT = WAL_PAGES * SQLITE_PAGE_BYTES;
/** The file may be this many times larger than the events' JSON: it also holds indexes, free pages and dead letters. */
const ROOM_FACTOR = 3;
/** Space that is reserved beside the file: more than a checkpoint of the whole write-ahead log can need. */
export const RESERVED_BYTES = 2 * WAL_PAGES * SQLITE_PAGE_BYTES;

const SCHEMA = `${PAGE_TABLES}
  ${DEAD_LETTER_TABLE}
  ${COALESCED_TABLE}
  CREATE TABLE IF NOT EXISTS adopted (name TEXT PRIMARY KEY) WITHOUT ROWID;`;

/**
 * Opens the database of a spool for changes, and creates it if it is missing.
 *
 * @param path the file
 * @param maxBytes the most bytes of event JSON
 * @param synchronous durability of a commit
 * @throws errors of SQLite, among them one that `isCorrupt` recognises
 */
export function openSpoolDatabase(path: string, maxBytes: number, synchronous: Synchronous): SqliteDatabase {
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

/**
 * Opens the database of a spool without changing events. It is not opened as read-only: SQLite must rebuild the index of a WAL file that a killed
 * process left behind.
 *
 * @param path an existing file
 */
export function readSpoolDatabase(path: string): SqliteDatabase {
  const db = openSqlite(path);
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = ON');
  if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'adopted'`).get() !== undefined) return db;
  db.close();
  // The process ended before it created the tables.
  const empty = openSqlite(':memory:');
  empty.exec(SCHEMA);
  return empty;
}
