import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { copySqlite, pragma, type SqliteDatabase } from '@auditlogin/core/engine';
import { openDatabase } from './database.js';
import { type EventWriter, eventWriter } from './event-writer.js';
import { type LogReader, logReader } from './log-reader.js';
import { prepareSchema } from './schema.js';

/** The events of a collector, on disk. */
export interface Store extends LogReader, Omit<EventWriter, 'flush'> {
  /** The database, for what else is kept in it. */
  readonly db: SqliteDatabase;
  /** The last place in the order of arrival; 0 if there is none. */
  lastSeq(): number;
  /** How many events there are, of all projects. */
  events(): number;
  /** How many bytes of the file are in use. */
  bytes(): number;
  /**
   * Copies the database while it is in use.
   *
   * @param file path of the copy; nothing may be there yet
   * @param pages how many pages to copy at a time. With fewer, requests wait less. With all at once, no other process can make the copy begin again.
   * @param progress is told how many pages are copied, of how many
   */
  backup(file: string, pages: number, progress?: (done: number, total: number) => void): Promise<void>;
  close(): void;
}

/**
 * Opens the store, and makes its database if there is none.
 *
 * @param dataDir the folder of its database
 * @throws Error when the database cannot be opened, not as durably as it must be, or was written by a later version
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
      // SQLite would do this by itself if no statement were left that is not collected yet.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}
