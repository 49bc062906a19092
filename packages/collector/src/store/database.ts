import { chmodSync } from 'node:fs';
import { makeDurable, makePrivate, openSqlite, type SqliteDatabase } from '@auditlogin/core/engine';

/**
 * Opens a database of a collector, readable by its owner only, so that what was committed survives a power cut.
 *
 * @param file its path
 * @throws Error when it cannot be opened, or not as durably
 */
export function openDatabase(file: string): SqliteDatabase {
  makePrivate(file);
  const db = openSqlite(file);
  chmodSync(file, 0o600);
  // Another process may create a token or a backup meanwhile.
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA auto_vacuum = INCREMENTAL');
  makeDurable(db);
  return db;
}
