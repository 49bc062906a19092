import { chmodSync } from 'node:fs';
import { makeDurable, makePrivate, openSqlite, type SqliteDatabase } from '@auditlogin/core/engine';

/**
 * Opens the database of a collector. Only its owner can read it, and committed data survives a power cut.
 *
 * @param file path of the database
 * @throws Error if the database cannot be opened, or cannot be made as durable
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
