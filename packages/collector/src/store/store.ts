import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { copySqlite, pragma, type SqliteDatabase } from '@auditlogin/core/engine';
import { openDatabase } from './database.js';
import { type EventWriter, eventWriter } from './event-writer.js';
import { type LogReader, logReader } from './log-reader.js';
import { prepareSchema } from './schema.js';

/** The events of a collector, on disk. */
export interface Store extends LogReader, Omit<EventWriter, 'flush'> {
  /** The database, which also contains the tokens. */
  readonly db: SqliteDatabase;
  /** The last position in the order of arrival; 0 if there are no events. */
  lastSeq(): number;
  /** Number of events of all projects. */
  events(): number;
  /** Number of bytes of the file that are in use. */
  bytes(): number;
  /**
   * Copies the database while it is in use.
   *
   * @param file path of the copy, which must not exist
   * @param pages number of pages to copy at a time. With fewer pages, requests wait less. With all pages at once, no other process can restart the copy.
   * @param progress called with the number of copied pages and the number of all pages
   */
  backup(file: string, pages: number, progress?: (done: number, total: number) => void): Promise<void>;
  close(): void;
}

/**
 * Opens the store. Creates the database if there is none.
 *
 * @param dataDir the folder of the database
 * @throws Error if the database cannot be opened, cannot be made durable, or was written by a later version
 */
export function openStore(dataDir: string): Store {
  const db = openDatabase(join(dataDir, 'events.sqlite'));
  prepareSchema(db);
  const { flush, ...writer } = eventWriter(db);
  const numberIn = (name: string): number => Number(pragma(db, name));
  const numberOf = (sql: string): number => Number(Object.values(db.prepare(sql).get() as object)[0]);

  return {
    db,
    ...logReader(db),
    ...writer,
    lastSeq: () => numberOf('SELECT coalesce(max(seq), 0) FROM events'),
    events: () => numberOf('SELECT count(*) FROM events'),
    bytes: () => (numberIn('page_count') - numberIn('freelist_count')) * numberIn('page_size'),
    async backup(file, pages, progress) {
      await copySqlite(db, file, pages, progress);
      chmodSync(file, 0o600);
    },
    close() {
      flush();
      // SQLite does not checkpoint on close while prepared statements have not been collected.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}
