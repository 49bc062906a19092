import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent, Receipt } from '@auditlogin/core';
import { backup, DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { type Scope, within } from '../access/scope.js';
import { factsOf } from './facts.js';
import { prepareSchema } from './schema.js';
import { type Condition, textOf } from './search.js';

/** An event as it is kept. */
export interface StoredEvent extends Receipt {
  /** Its place in the order of arrival. */
  seq: number;
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
  seq: number;
}

interface Page {
  events: StoredEvent[];
  /** Whether there are more in the direction of reading. */
  hasMore: boolean;
}

/** How many attempts ended in a way within a span of time. */
interface TimelineCount {
  /** Where the span begins, in milliseconds since 1970. */
  start: number;
  outcome: string;
  attempts: number;
}

/** Failed attempts from one source, or on one account. */
interface FailureCount {
  name: string;
  failures: number;
  /** Of a source: how many accounts it tried. Of an account: from how many sources. */
  others: number;
  /** The last, in milliseconds since 1970. */
  last: number;
}

/** The events of a collector, on disk. */
export interface Store {
  /** For what is kept beside the events. */
  readonly db: DatabaseSyncInstance;
  /** Keeps events, all or none, and does not return before they are on disk. */
  insert(project: string, events: readonly (Receipt & { event: AuditEvent })[]): void;
  /**
   * @param scope what may be seen
   * @param condition what to find
   * @param limit the most events
   * @param order newest or oldest first
   * @param from begin behind this place
   * @throws Error when the words cannot be searched
   */
  find(scope: Scope, condition: Condition, limit: number, order: 'newest' | 'oldest', from?: Cursor): Page;
  /** What arrived behind a place, in the order of arrival. */
  arrivals(scope: Scope, condition: Condition, after: number, limit: number): StoredEvent[];
  /** How many events match; counting ends at the bound. */
  count(scope: Scope, condition: Condition, bound?: number): number;
  /** The last place in the order of arrival; 0 for none. */
  lastSeq(): number;
  /** The times of the first and the last event that match, in milliseconds since 1970. */
  span(scope: Scope, condition: Condition): { first: number; last: number } | undefined;
  /** Attempts by outcome, in spans of equal length. */
  timeline(scope: Scope, condition: Condition, origin: number, step: number): TimelineCount[];
  /** Who failed most since a time, by source or by account. */
  failures(scope: Scope, by: 'address' | 'account', since: number, limit: number): FailureCount[];
  /** Calls back after each insert, until the function that is returned is called. */
  watch(listener: () => void): () => void;
  /**
   * Deletes the oldest arrivals.
   *
   * @param before of those that were received before then only, in milliseconds since 1970
   * @param limit the most
   * @returns how many
   */
  deleteOldest(before: number, limit: number): number;
  /** How many events there are, of all projects. */
  events(): number;
  /** How many bytes of the file are in use. */
  bytes(): number;
  /**
   * Copies the database while it is in use.
   *
   * @param file where to; it must not be there
   * @param pages how many pages at a time: with fewer, requests wait less; with all, no other process can make it begin anew
   * @param progress is told how far it is, in pages
   */
  backup(file: string, pages: number, progress?: (done: number, total: number) => void): Promise<void>;
  close(): void;
}

const SYNCHRONOUS_FULL = 2;
/** With more matches than this, words are looked up for each event in the log's order, and not the events for each word. */
const MANY_MATCHES = 2_000;
const MATCHING = 'SELECT rowid FROM words WHERE words MATCH ?';
const COLUMNS = `e.seq, e.id, e.hash, e.received, e.created, e.canonical_time AS canonicalTime, e.body, a.name AS actor, g.name AS "group", t.name AS target`;
const JOINED = `events e
  LEFT JOIN names a ON a.project = e.project AND a.kind = 'actor' AND a.id = e.actor_id
  LEFT JOIN names g ON g.project = e.project AND g.kind = 'group' AND g.id = e.group_id
  LEFT JOIN names t ON t.project = e.project AND t.kind = 'target' AND t.id = e.target_id`;

/**
 * Opens the store.
 *
 * @param dataDir the folder of its database
 * @throws Error when the database cannot be opened, or not as durably as it must be
 */
export function openStore(dataDir: string): Store {
  const file = join(dataDir, 'events.sqlite');
  const db = new DatabaseSync(file);
  chmodSync(file, 0o600);
  // Another process may make a token or a backup beside this one.
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const level = db.prepare('PRAGMA synchronous').get() as { synchronous: number };
  if (level.synchronous !== SYNCHRONOUS_FULL) throw new Error(`SQLite runs with synchronous=${level.synchronous}; expected FULL (2)`);
  const listeners = new Set<() => void>();

  function addWords(seq: number | bigint, event: AuditEvent): void {
    insertWords ??= db.prepare('INSERT INTO words (rowid, everything, actor_name, description) VALUES (?, ?, ?, ?)');
    insertWords.run(seq, textOf(event), event.actor?.name ?? null, event.description ?? null);
  }
  let insertWords: ReturnType<typeof db.prepare> | undefined;
  prepareSchema(
    db,
    (body) => Object.values(factsOf(JSON.parse(body) as AuditEvent)) as (string | number | null)[],
    (seq, body) => addWords(seq, JSON.parse(body) as AuditEvent),
  );

  const insertEvent = db.prepare(
    `INSERT INTO events (id, project, hash, received, created, canonical_time, action, crud, actor_id, group_id, target_id, external_id, body,
       outcome, reason, account, address, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertName = db.prepare(
    'INSERT INTO names (project, kind, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name',
  );

  function insertOne(project: string, { id, hash, event }: Receipt & { event: AuditEvent }, received: number): void {
    const created = event.created === undefined ? null : Date.parse(String(event.created));
    const { outcome, reason, account, address, attempts } = factsOf(event);
    const { lastInsertRowid } = insertEvent.run(
      ...[id, project, hash, received, created, created ?? received, event.action, event.crud],
      ...[event.actor?.id ?? null, event.group?.id ?? null, event.target?.id ?? null, event.external_id ?? null, JSON.stringify(event)],
      ...[outcome, reason, account, address, attempts],
    );
    for (const kind of ['actor', 'group', 'target'] as const) {
      const part = event[kind];
      if (part?.id && part.name) insertName.run(project, kind, part.id, part.name);
    }
    addWords(lastInsertRowid, event);
  }

  function transaction(work: () => void): void {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (thrown) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw thrown;
    }
  }

  /** Rare words lead to their events; frequent ones are looked up while reading in order, which soon fills a page. */
  function where(scope: Scope, condition: Condition): { sql: string; values: (string | number)[] } {
    const limited = within(scope, condition);
    if (limited.match.length === 0) return { sql: limited.where.join(' AND '), values: limited.values };
    const match = limited.match.join(' AND ');
    const { n } = db.prepare(`SELECT count(*) AS n FROM (${MATCHING} LIMIT ${MANY_MATCHES})`).get(match) as { n: number };
    const words = n < MANY_MATCHES ? `e.seq IN (${MATCHING})` : `EXISTS (${MATCHING} AND rowid = e.seq)`;
    return { sql: [...limited.where, words].join(' AND '), values: [...limited.values, match] };
  }

  function all<T>(sql: string, values: (string | number)[]): T[] {
    return db.prepare(sql).all(...values) as T[];
  }

  const rows = (sql: string, values: (string | number)[]): StoredEvent[] =>
    all<Row>(`SELECT ${COLUMNS} FROM ${JOINED} WHERE ${sql}`, values).map(stored);

  return {
    db,
    insert(project, events) {
      const received = Date.now();
      transaction(() => {
        for (const event of events) insertOne(project, event, received);
      });
      for (const listener of listeners) listener();
    },
    find(scope, condition, limit, order, from) {
      const { sql, values } = where(scope, condition);
      const [direction, beyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
      const behind = from ? ` AND (e.canonical_time, e.seq) ${beyond} (?, ?)` : '';
      if (from) values.push(from.canonicalTime, from.seq);
      const found = rows(`${sql}${behind} ORDER BY e.canonical_time ${direction}, e.seq ${direction} LIMIT ?`, [...values, limit + 1]);
      return { events: found.slice(0, limit), hasMore: found.length > limit };
    },
    arrivals(scope, condition, after, limit) {
      const { sql, values } = where(scope, condition);
      return rows(`${sql} AND e.seq > ? ORDER BY e.seq LIMIT ?`, [...values, after, limit]);
    },
    count(scope, condition, bound = Number.MAX_SAFE_INTEGER) {
      const { sql, values } = where(scope, condition);
      const counting = db.prepare(`SELECT count(*) AS n FROM (SELECT 1 FROM events e WHERE ${sql} LIMIT ?)`);
      return (counting.get(...values, bound) as { n: number }).n;
    },
    lastSeq: () => (db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events').get() as { seq: number }).seq,
    span(scope, condition) {
      const { sql, values } = where(scope, condition);
      const one = (which: 'min' | 'max'): number | null =>
        (db.prepare(`SELECT ${which}(e.canonical_time) AS at FROM events e WHERE ${sql}`).get(...values) as { at: number | null }).at;
      const [first, last] = [one('min'), one('max')];
      return first === null || last === null ? undefined : { first, last };
    },
    timeline(scope, condition, origin, step) {
      const { sql, values } = where(scope, condition);
      return all(
        `WITH found AS (SELECT e.canonical_time AS at, e.outcome, e.attempts FROM events e WHERE ${sql})
         SELECT at - (at - CAST(? AS INTEGER)) % CAST(? AS INTEGER) AS start, outcome, sum(attempts) AS attempts FROM found GROUP BY 1, 2 ORDER BY 1`,
        [...values, origin, step],
      );
    },
    failures(scope, by, since, limit) {
      const other = by === 'address' ? 'account' : 'address';
      const failed = [`e.outcome = 'failure'`, 'e.canonical_time >= ?', `e.${by} IS NOT NULL`];
      const { sql, values } = where(scope, { where: failed, values: [since], match: [] });
      return all(
        `SELECT e.${by} AS name, sum(e.attempts) AS failures, count(DISTINCT e.${other}) AS others, max(e.canonical_time) AS last
         FROM events e WHERE ${sql} GROUP BY 1 ORDER BY failures DESC, last DESC LIMIT ?`,
        [...values, limit],
      );
    },
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    deleteOldest(before, limit) {
      const oldest = db.prepare('SELECT seq FROM events WHERE received < ? ORDER BY received LIMIT ?').all(before, limit) as {
        seq: number;
      }[];
      if (oldest.length === 0) return 0;
      const seqs = JSON.stringify(oldest.map(({ seq }) => seq));
      transaction(() => {
        db.prepare('DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(?))').run(seqs);
        db.prepare('DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))').run(seqs);
      });
      db.exec('PRAGMA incremental_vacuum(1000)');
      return oldest.length;
    },
    events: () => (db.prepare('SELECT count(*) AS n FROM events').get() as { n: number }).n,
    bytes() {
      const pragma = (name: string): number => (db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name]!;
      return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
    },
    async backup(target, pages, progress) {
      await backup(db, target, {
        rate: pages,
        ...(progress && { progress: ({ totalPages, remainingPages }) => progress(totalPages - remainingPages, totalPages) }),
      });
      chmodSync(target, 0o600);
    },
    close() {
      // Statements that are not collected yet keep SQLite from doing so by itself.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

interface Row extends Receipt {
  seq: number;
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
