import type { AuditEvent } from '@auditlogin/core';
import { pragma, type SqliteDatabase, transaction } from '@auditlogin/core/engine';
import type { Facts } from './facts.js';

const TABLES = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    hash TEXT NOT NULL,
    received INTEGER NOT NULL,
    created INTEGER,
    canonical_time INTEGER NOT NULL,
    action TEXT NOT NULL,
    crud TEXT NOT NULL,
    actor_id TEXT,
    group_id TEXT,
    target_id TEXT,
    external_id TEXT,
    body TEXT NOT NULL,
    outcome TEXT,
    reason TEXT,
    account TEXT,
    address TEXT,
    attempts INTEGER NOT NULL DEFAULT 1
  );
  CREATE TABLE IF NOT EXISTS names (
    project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (project, kind, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, revoked INTEGER
  );
`;
// Few, and all but one grow at their end: an index whose values come in no order costs more than all else about an event. What is filtered by has words
// in the full-text index instead.
const INDEXES = `
  CREATE INDEX events_in_time ON events (project, canonical_time, outcome, attempts);
  CREATE INDEX events_by_external_id ON events (project, external_id);
  CREATE INDEX events_by_arrival ON events (received);
`;
const WORDS = `CREATE VIRTUAL TABLE words USING fts5 (facets, everything, actor_name, description, content='', contentless_delete=1);
  -- Merging early costs more than searching a few segments more (sqlite.org/fts5.html, automerge).
  INSERT INTO words (words, rank) VALUES ('automerge', 16);`;
const VERSION = 1;
const OLD_INDEXES = ['events_by_time', 'events_by_actor', 'events_by_external_id'];
/** What a database of before has not. */
const ADDED = ['outcome TEXT', 'reason TEXT', 'account TEXT', 'address TEXT', 'attempts INTEGER NOT NULL DEFAULT 1'];

/**
 * Makes the tables, or brings those of an earlier version up to date.
 *
 * @param db the database
 * @param index puts an event's words into the full-text index, and gives the facts for the columns that an earlier version did not have
 */
export function prepareSchema(db: SqliteDatabase, index: (seq: number, event: AuditEvent) => Facts): void {
  const version = pragma(db, 'user_version') as number;
  if (version > VERSION) throw new Error(`the database was written by a newer version (${version}); this one reads up to ${VERSION}`);
  if (version === VERSION) return;
  const isOld = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'events'").get() !== undefined;
  // Both can only be set before the first table, or by rewriting the file.
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  if (isOld) db.exec('VACUUM');
  transaction(db, 'BEGIN IMMEDIATE', () => {
    if (isOld) for (const column of ADDED) db.exec(`ALTER TABLE events ADD COLUMN ${column}`);
    for (const index of OLD_INDEXES) db.exec(`DROP INDEX IF EXISTS ${index}`);
    db.exec(`${TABLES} DROP TABLE IF EXISTS words; ${WORDS}`);
    if (isOld) {
      const update = db.prepare('UPDATE events SET outcome = ?, reason = ?, account = ?, address = ?, attempts = ? WHERE seq = ?');
      for (const row of db.prepare('SELECT seq, body FROM events').all() as { seq: number; body: string }[]) {
        const { outcome, reason, account, address, attempts } = index(row.seq, JSON.parse(row.body) as AuditEvent);
        update.run(outcome, reason, account, address, attempts, row.seq);
      }
    }
    db.exec(`${INDEXES} PRAGMA user_version = ${VERSION}`);
  });
}
