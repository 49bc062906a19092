import type { DatabaseSyncInstance } from '@photostructure/sqlite';

const TABLES = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
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
// Each ends in the time, so that a filter reads its page in the log's order and stops.
const INDEXES = `
  DROP INDEX IF EXISTS events_by_actor;
  CREATE INDEX IF NOT EXISTS events_in_time ON events (project, canonical_time, outcome, attempts);
  CREATE INDEX IF NOT EXISTS events_by_outcome ON events (project, outcome, canonical_time);
  CREATE INDEX IF NOT EXISTS events_by_reason ON events (project, reason, canonical_time) WHERE reason IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_by_action ON events (project, action, canonical_time);
  CREATE INDEX IF NOT EXISTS events_by_account ON events (project, account, canonical_time);
  CREATE INDEX IF NOT EXISTS events_by_group ON events (project, group_id, canonical_time) WHERE group_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_by_address ON events (project, address, canonical_time) WHERE address IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_by_external_id ON events (project, external_id);
  CREATE INDEX IF NOT EXISTS events_by_arrival ON events (received);
`;
const WORDS = `CREATE VIRTUAL TABLE words USING fts5 (everything, actor_name, description, content='', contentless_delete=1);`;
const VERSION = 1;
/** What a database of before has not. */
const ADDED = ['outcome TEXT', 'reason TEXT', 'account TEXT', 'address TEXT', 'attempts INTEGER NOT NULL DEFAULT 1'];

/**
 * Makes the tables, or brings those of an earlier version up to date.
 *
 * @param db the database
 * @param describe fills, for an event's text, the columns that an earlier version did not have
 * @param index puts an event's words into the full-text index
 */
export function prepareSchema(
  db: DatabaseSyncInstance,
  describe: (body: string) => (string | number | null)[],
  index: (seq: number, body: string) => void,
): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > VERSION) throw new Error(`the database was written by a newer version (${version}); this one reads up to ${VERSION}`);
  if (version === VERSION) return;
  const isOld = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'events'").get() !== undefined;
  // Both can only be set before the first table, or by rewriting the file.
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  if (isOld) db.exec('VACUUM');
  db.exec('BEGIN IMMEDIATE');
  if (isOld) for (const column of ADDED) db.exec(`ALTER TABLE events ADD COLUMN ${column}`);
  db.exec(`${TABLES} DROP TABLE IF EXISTS words; ${WORDS}`);
  if (isOld) {
    const update = db.prepare('UPDATE events SET outcome = ?, reason = ?, account = ?, address = ?, attempts = ? WHERE seq = ?');
    for (const row of db.prepare('SELECT seq, body FROM events').all() as { seq: number; body: string }[]) {
      update.run(...describe(row.body), row.seq);
      index(row.seq, row.body);
    }
  }
  db.exec(`DROP INDEX IF EXISTS events_by_time; ${INDEXES} PRAGMA user_version = ${VERSION}; COMMIT`);
}
