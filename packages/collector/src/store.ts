import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent, Receipt } from '@auditlogin/core';
import { DatabaseSync } from '@photostructure/sqlite';
import { type Condition, textOf } from './search.js';

/** An event as it is kept. */
export interface StoredEvent extends Receipt {
  /** Milliseconds since 1970. */
  received: number;
  /** Milliseconds since 1970; undefined if the event does not say. */
  created: number | undefined;
  /** When it happened, or else when it was received, in milliseconds since 1970: the order of the log. */
  canonicalTime: number;
  /** The event as it was sent. */
  event: AuditEvent;
  /** The names that the store holds now for the event's ids. */
  names: { actor: string | undefined; group: string | undefined; target: string | undefined };
}

/** A place in the log: between it and its neighbour a page begins. */
export interface Cursor {
  canonicalTime: number;
  id: string;
}

interface Page {
  events: StoredEvent[];
  /** How many events match, on all pages. */
  total: number;
  /** Whether there are more in the direction of reading. */
  hasMore: boolean;
}

/** The events of a collector, on disk. */
export interface Store {
  /** Keeps events, all or none, and does not return before they are on disk. */
  insert(project: string, events: readonly (Receipt & { event: AuditEvent })[]): void;
  /**
   * @param condition what to find
   * @param limit the most events
   * @param order newest or oldest first
   * @param from begin behind this place
   */
  find(project: string, condition: Condition, limit: number, order: 'newest' | 'oldest', from?: Cursor): Page;
  close(): void;
}

const SCHEMA = `
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
    body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_by_time ON events (project, canonical_time, id);
  CREATE INDEX IF NOT EXISTS events_by_actor ON events (project, actor_id);
  CREATE INDEX IF NOT EXISTS events_by_external_id ON events (project, external_id);
  CREATE TABLE IF NOT EXISTS names (
    project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (project, kind, id)
  ) WITHOUT ROWID;
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (everything, actor_name, description, content='');
`;

const SYNCHRONOUS_FULL = 2;

/**
 * Opens the store.
 *
 * @param dataDir the folder of its database
 */
export function openStore(dataDir: string): Store {
  const file = join(dataDir, 'events.sqlite');
  const db = new DatabaseSync(file);
  chmodSync(file, 0o600);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const level = db.prepare('PRAGMA synchronous').get() as { synchronous: number };
  if (level.synchronous !== SYNCHRONOUS_FULL) throw new Error(`SQLite runs with synchronous=${level.synchronous}; expected FULL (2)`);
  db.exec(SCHEMA);

  const insertEvent = db.prepare(
    `INSERT INTO events (id, project, hash, received, created, canonical_time, action, crud, actor_id, group_id, target_id, external_id, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertName = db.prepare(
    'INSERT INTO names (project, kind, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name',
  );
  const insertWords = db.prepare('INSERT INTO words (rowid, everything, actor_name, description) VALUES (?, ?, ?, ?)');

  function insertOne(project: string, { id, hash, event }: Receipt & { event: AuditEvent }, received: number): void {
    const created = event.created === undefined ? null : Date.parse(String(event.created));
    const body = JSON.stringify(event);
    const { lastInsertRowid } = insertEvent.run(
      id,
      project,
      hash,
      received,
      created,
      created ?? received,
      event.action,
      event.crud,
      event.actor?.id ?? null,
      event.group?.id ?? null,
      event.target?.id ?? null,
      event.external_id ?? null,
      body,
    );
    for (const kind of ['actor', 'group', 'target'] as const) {
      const part = event[kind];
      if (part?.id && part.name) insertName.run(project, kind, part.id, part.name);
    }
    insertWords.run(lastInsertRowid, textOf(event), event.actor?.name ?? null, event.description ?? null);
  }

  return {
    insert(project, events) {
      const received = Date.now();
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const event of events) insertOne(project, event, received);
        db.exec('COMMIT');
      } catch (thrown) {
        db.exec('ROLLBACK');
        throw thrown;
      }
    },
    find(project, condition, limit, order, from) {
      const where = ['e.project = ?', ...condition.where];
      const values: (string | number)[] = [project, ...condition.values];
      const { total } = db.prepare(`SELECT count(*) AS total FROM events e WHERE ${where.join(' AND ')}`).get(...values) as {
        total: number;
      };
      const [direction, beyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
      if (from) {
        where.push(`(e.canonical_time, e.id) ${beyond} (?, ?)`);
        values.push(from.canonicalTime, from.id);
      }
      const rows = db
        .prepare(
          `SELECT e.id, e.hash, e.received, e.created, e.canonical_time AS canonicalTime, e.body, a.name AS actor, g.name AS "group", t.name AS target
           FROM events e
           LEFT JOIN names a ON a.project = e.project AND a.kind = 'actor' AND a.id = e.actor_id
           LEFT JOIN names g ON g.project = e.project AND g.kind = 'group' AND g.id = e.group_id
           LEFT JOIN names t ON t.project = e.project AND t.kind = 'target' AND t.id = e.target_id
           WHERE ${where.join(' AND ')}
           ORDER BY e.canonical_time ${direction}, e.id ${direction} LIMIT ?`,
        )
        .all(...values, limit + 1) as unknown as Row[];
      return { events: rows.slice(0, limit).map(stored), total, hasMore: rows.length > limit };
    },
    close: () => db.close(),
  };
}

interface Row extends Receipt {
  received: number;
  created: number | null;
  canonicalTime: number;
  body: string;
  actor: string | null;
  group: string | null;
  target: string | null;
}

function stored({ actor, group, target, body, created, ...row }: Row): StoredEvent {
  return {
    ...row,
    created: created ?? undefined,
    event: JSON.parse(body) as AuditEvent,
    names: { actor: actor ?? undefined, group: group ?? undefined, target: target ?? undefined },
  };
}
