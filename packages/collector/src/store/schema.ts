import { FACET_NAMES, FACETS } from '@auditlogin/core/log';
import type { AuditEvent } from '@auditlogin/core';
import { pragma, type SqliteDatabase, transaction } from '@auditlogin/core/engine';
import { type EventFacts, factsOf } from './facts.js';
import { partyRecords } from './party-records.js';
import { wordIndex } from './word-index.js';

/** The columns that are derived from an event: its facets, the number of attempts that it stands for, and the event that it corrects. */
const DERIVED = [...FACET_NAMES.map((name) => `${FACETS[name].column} TEXT`), 'attempts INTEGER NOT NULL DEFAULT 1', 'corrects TEXT'];

/** Whether a token opens the log for reading, too. */
const MAY_READ = 'may_read INTEGER NOT NULL DEFAULT 1';

const TABLES = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    hash TEXT NOT NULL,
    received INTEGER NOT NULL,
    created INTEGER,
    canonical_time INTEGER NOT NULL,
    crud TEXT NOT NULL,
    actor_id TEXT,
    target_id TEXT,
    external_id TEXT,
    body TEXT NOT NULL,
    ${DERIVED.join(',\n    ')}
  );
  -- The scope is the group whose events share the record; it is empty for the events without a group.
  CREATE TABLE IF NOT EXISTS parties (
    project TEXT NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (project, scope, kind, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, revoked INTEGER,
    ${MAY_READ}
  );
`;
// There are few indexes, and nearly all of them grow at their end. An index whose values arrive in random order costs more than all other writing of an
// event, so facets are found by terms in the full-text index instead.
const INDEXES = `
  CREATE INDEX events_in_time ON events (project, canonical_time, outcome, attempts);
  CREATE INDEX events_by_external_id ON events (project, external_id);
  CREATE INDEX events_by_arrival ON events (received);
  CREATE INDEX events_by_correction ON events (project, corrects) WHERE corrects IS NOT NULL;
`;
// The texts are split into words before they are indexed, so everything except white space is part of a word.
const TOKENIZE = String.raw`ascii tokenchars '!#$%&()*+,-./:;<=>?@[\]^_{|}~` + "`'";
const WORDS = `CREATE VIRTUAL TABLE words USING fts5 (facets, everything, actor_name, target_name, description, content='', contentless_delete=1,
    tokenize="${TOKENIZE}");
  -- Merging early costs more than searching some more segments (sqlite.org/fts5.html, automerge).
  INSERT INTO words (words, rank) VALUES ('automerge', 16);`;
const VERSION = 2;
const KNOWN_INDEXES = [
  'events_by_time',
  'events_by_actor',
  'events_by_external_id',
  'events_in_time',
  'events_by_arrival',
  'events_by_correction',
];

/**
 * Creates the tables, or updates those of an earlier version: missing columns of facets are added, and the index is created again.
 *
 * @param db the database
 * @throws Error if a later version wrote the database
 */
export function prepareSchema(db: SqliteDatabase): void {
  const version = Number(pragma(db, 'user_version'));
  if (version > VERSION) throw new Error(`the database was written by a newer version (${version}); this one reads up to ${VERSION}`);
  const columns = columnsOf(db, 'events');
  const missing = DERIVED.filter((column) => !columns.has(nameOf(column)));
  if (version === VERSION && missing.length === 0) return;
  const isOld = columns.size > 0;
  // The setting takes effect only before the first table is created, or when VACUUM rewrites the file.
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  if (isOld) db.exec('VACUUM');
  transaction(db, 'BEGIN IMMEDIATE', () => {
    if (isOld) for (const column of missing) db.exec(`ALTER TABLE events ADD COLUMN ${column}`);
    for (const index of KNOWN_INDEXES) db.exec(`DROP INDEX IF EXISTS ${index}`);
    db.exec(`DROP TABLE IF EXISTS names; DROP TABLE IF EXISTS parties; ${TABLES} DROP TABLE IF EXISTS words; ${WORDS}`);
    if (!columnsOf(db, 'tokens').has(nameOf(MAY_READ))) db.exec(`ALTER TABLE tokens ADD COLUMN ${MAY_READ}`);
    if (isOld) deriveAgain(db);
    db.exec(`${INDEXES} PRAGMA user_version = ${VERSION}`);
  });
}

function columnsOf(db: SqliteDatabase, table: 'events' | 'tokens'): Set<string> {
  return new Set((db.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name));
}

/** Derives the columns, records and words of every stored event again. */
function deriveAgain(db: SqliteDatabase): void {
  const update = db.prepare(`UPDATE events SET ${DERIVED.map((column) => `${nameOf(column)} = ?`).join(', ')} WHERE seq = ?`);
  const words = wordIndex(db);
  const parties = partyRecords(db);
  for (const row of db.prepare('SELECT seq, project, body FROM events ORDER BY seq').all() as {
    seq: number;
    project: string;
    body: string;
  }[]) {
    const event = JSON.parse(row.body) as AuditEvent;
    const facts = factsOf(event);
    update.run(...derivedValues(facts), row.seq);
    words.add(row.seq, event, facts, parties.keep(row.project, event));
  }
  db.exec(`UPDATE events SET attempts = attempts - 1 WHERE attempts > 0 AND external_id IS NOT NULL
    AND (project, external_id) IN (SELECT project, corrects FROM events WHERE corrects IS NOT NULL)`);
}

function nameOf(column: string): string {
  return column.slice(0, column.indexOf(' '));
}

/** The names of the derived columns, in the order of {@link derivedValues}. */
export const DERIVED_COLUMNS: readonly string[] = DERIVED.map(nameOf);

/**
 * Returns the values of the derived columns of an event.
 *
 * @param facts the facts of the event
 */
export function derivedValues({ facets, attempts, corrects }: EventFacts): (string | number | null)[] {
  return [...FACET_NAMES.map((name) => facets[name]), attempts, corrects ?? null];
}
