import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent, Receipt } from '@auditlogin/core';
import { copySqlite, makeDurable, makePrivate, openSqlite, pragma, type SqliteDatabase, transaction } from '@auditlogin/core/engine';
import { type Scope, within } from '../access/scope.js';
import { type Condition, everything, whereValue } from './condition.js';
import { facetWords, type Facts, factsOf } from './facts.js';
import { prepareSchema } from './schema.js';
import { textOf } from './search.js';

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
  readonly db: SqliteDatabase;
  /** Keeps events, all or none. @returns when they are on disk */
  insert(project: string, events: readonly (Receipt & { event: AuditEvent })[]): Promise<void>;
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

/** What leads to fewer events than this is followed; with more, a page is found sooner by reading in the log's order. */
const MANY = 2_000;
const BATCH = 500;
const KNOWN_NAMES = 20_000;
/** How long calls wait for others to share a commit, in milliseconds: it costs as much as fifty events. */
const GATHER = 2;
const MATCHING = 'SELECT rowid AS seq FROM words WHERE words MATCH ?';
const COLUMNS = `e.seq, e.id, e.hash, e.received, e.created, e.canonical_time AS canonicalTime, e.body, a.name AS actor, g.name AS "group", t.name AS target`;
const NAMES = `
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
  makePrivate(file);
  const db = openSqlite(file);
  chmodSync(file, 0o600);
  // Another process may make a token or a backup beside this one.
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA auto_vacuum = INCREMENTAL');
  makeDurable(db);
  const listeners = new Set<() => void>();

  let insertWords: ReturnType<typeof db.prepare> | undefined;
  function addWords(seq: number | bigint, event: AuditEvent, facts: Facts): void {
    insertWords ??= db.prepare('INSERT INTO words (rowid, facets, everything, actor_name, description) VALUES (?, ?, ?, ?, ?)');
    insertWords.run(seq, facetWords(event, facts), textOf(event), event.actor?.name ?? null, event.description ?? null);
  }
  prepareSchema(db, (seq, event) => {
    const facts = factsOf(event);
    addWords(seq, event, facts);
    return facts;
  });

  const insertEvent = db.prepare(
    `INSERT INTO events (id, project, hash, received, created, canonical_time, action, crud, actor_id, group_id, target_id, external_id, body,
       outcome, reason, account, address, attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertName = db.prepare(
    'INSERT INTO names (project, kind, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name',
  );

  const known = new Map<string, string>();
  function keepName(project: string, kind: string, id: string, name: string): void {
    const key = `${project}\0${kind}\0${id}`;
    if (known.get(key) === name) return;
    if (known.size >= KNOWN_NAMES) known.clear();
    known.set(key, name);
    insertName.run(project, kind, id, name);
  }

  function insertOne(project: string, { id, hash, event }: Receipt & { event: AuditEvent }, received: number): void {
    const created = event.created === undefined ? null : Date.parse(String(event.created));
    const facts = factsOf(event);
    const { outcome, reason, account, address, attempts } = facts;
    const { lastInsertRowid } = insertEvent.run(
      ...[id, project, hash, received, created, created ?? received, event.action, event.crud],
      ...[event.actor?.id ?? null, event.group?.id ?? null, event.target?.id ?? null, event.external_id ?? null, JSON.stringify(event)],
      ...[outcome, reason, account, address, attempts],
    );
    for (const kind of ['actor', 'group', 'target'] as const) {
      const part = event[kind];
      if (part?.id && part.name) keepName(project, kind, part.id, part.name);
    }
    addWords(lastInsertRowid, event, facts);
  }

  function write(work: () => void): void {
    try {
      transaction(db, 'BEGIN IMMEDIATE', work);
    } catch (thrown) {
      // A name of what was rolled back is not in the database.
      known.clear();
      throw thrown;
    }
  }

  interface Insert {
    project: string;
    events: readonly (Receipt & { event: AuditEvent })[];
    resolve: () => void;
    reject: (thrown: unknown) => void;
  }
  let waiting: Insert[] = [];

  /** What came meanwhile is committed together. If that fails, each call stands for itself. */
  function commit(): void {
    const calls = waiting;
    waiting = [];
    const received = Date.now();
    const insertAll = (some: Insert[]): void =>
      write(() => {
        for (const { project, events } of some) for (const event of events) insertOne(project, event, received);
      });
    try {
      insertAll(calls);
      for (const { resolve } of calls) resolve();
    } catch {
      for (const call of calls) {
        try {
          insertAll([call]);
          call.resolve();
        } catch (thrown) {
          call.reject(thrown);
        }
      }
    }
    for (const listener of listeners) listener();
  }

  function all<T>(sql: string, values: (string | number)[]): T[] {
    return db.prepare(sql).all(...values) as T[];
  }

  /** Which events to look at: few, if something leads to them, else all in the log's order. */
  function plan(scope: Scope, condition: Condition, isOrdered: boolean): Plan {
    const { where, values, words, facets, received } = within(scope, condition);
    const leads: { sql: string; values: (string | number)[] }[] = [];
    const matching = [...facets, ...words].join(' AND ');
    if (matching !== '') leads.push({ sql: MATCHING, values: [matching] });
    if (received) {
      const range = [received.from ?? 0, received.to ?? Number.MAX_SAFE_INTEGER];
      leads.push({ sql: 'SELECT seq FROM events WHERE received >= ? AND received < ?', values: range });
    }
    const isRare = (lead: { sql: string; values: (string | number)[] }): boolean =>
      all<{ n: number }>(`SELECT count(*) AS n FROM (${lead.sql} LIMIT ${MANY})`, lead.values)[0]!.n < MANY;
    // Without an order, words lead to the first matches, however many there are.
    const lead = leads.find((each) => (!isOrdered && each.sql === MATCHING) || isRare(each));
    // Where the word is the lead, or where there is none to look up, nothing is left to check.
    const wanted = words.length > 0 && lead?.sql !== MATCHING ? [...where, `EXISTS (${MATCHING} AND rowid = e.seq)`] : where;
    const sought = wanted === where ? [] : [words.join(' AND ')];
    // SQLite reads what stands before a CROSS JOIN first (sqlite.org/optoverview.html#crossjoin).
    const source = lead ? `(${lead.sql}) found CROSS JOIN events e ON e.seq = found.seq` : 'events e';
    return {
      from: `${source} %names WHERE ${wanted.join(' AND ')}`,
      values: [...(lead?.values ?? []), ...values, ...sought],
      frequent: sought[0],
    };
  }

  function inOrder(order: 'newest' | 'oldest', from: Cursor | undefined, limit: number): { rest: string; more: number[] } {
    const [direction, beyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
    const behind = from ? `AND (e.canonical_time, e.seq) ${beyond} (?, ?)` : '';
    return {
      rest: `${behind} ORDER BY e.canonical_time ${direction}, e.seq ${direction} LIMIT ?`,
      more: [...(from ? [from.canonicalTime, from.seq] : []), limit],
    };
  }

  /** To ask for words event by event takes a millisecond each: some hundred events in the log's order are asked for at once, until a page is full. */
  function withFrequentWords(
    scope: Scope,
    condition: Condition,
    words: string,
    limit: number,
    order: 'newest' | 'oldest',
    from: Cursor | undefined,
  ): StoredEvent[] {
    const candidates = plan(scope, { ...condition, words: [], facets: [] }, true);
    const found: number[] = [];
    let last = from;
    for (let batch: Cursor[] = [], isFirst = true; found.length < limit && (isFirst || batch.length === BATCH); isFirst = false) {
      const { rest, more } = inOrder(order, last, BATCH);
      batch = facts<Cursor>('e.canonical_time AS canonicalTime, e.seq', candidates, rest, more);
      const seqs = batch.map(({ seq }) => seq);
      const range = [Math.min(...seqs), Math.max(...seqs)];
      const matching = new Set(
        seqs.length === 0 ? [] : all<Cursor>(`${MATCHING} AND rowid BETWEEN ? AND ?`, [words, ...range]).map(({ seq }) => seq),
      );
      found.push(...seqs.filter((seq) => matching.has(seq)));
      last = batch.at(-1);
    }
    const { rest, more } = inOrder(order, undefined, limit);
    const chosen: Plan = {
      from: 'events e %names WHERE e.seq IN (SELECT value FROM json_each(?))',
      values: [JSON.stringify(found.slice(0, limit))],
      frequent: undefined,
    };
    return rows(chosen, rest, more);
  }

  function rows({ from, values }: Plan, rest: string, more: (string | number)[]): StoredEvent[] {
    return all<Row>(`SELECT ${COLUMNS} FROM ${from.replace('%names', NAMES)} ${rest}`, [...values, ...more]).map(stored);
  }

  function facts<T>(what: string, { from, values }: Plan, rest = '', more: (string | number)[] = []): T[] {
    return all<T>(`SELECT ${what} FROM ${from.replace('%names', '')} ${rest}`, [...values, ...more]);
  }

  return {
    db,
    insert: (project, events) =>
      new Promise((resolve, reject) => {
        if (waiting.push({ project, events, resolve, reject }) === 1) setTimeout(commit, GATHER);
      }),
    find(scope, condition, limit, order, from) {
      const planned = plan(scope, condition, true);
      const { rest, more } = inOrder(order, from, limit + 1);
      const found =
        planned.frequent === undefined
          ? rows(planned, rest, more)
          : withFrequentWords(scope, condition, planned.frequent, limit + 1, order, from);
      return { events: found.slice(0, limit), hasMore: found.length > limit };
    },
    arrivals: (scope, condition, after, limit) =>
      rows(plan(scope, { ...condition, facets: [] }, true), 'AND e.seq > ? ORDER BY e.seq LIMIT ?', [after, limit]),
    count(scope, condition, bound = Number.MAX_SAFE_INTEGER) {
      const { from, values } = plan(scope, condition, false);
      return all<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 FROM ${from.replace('%names', '')} LIMIT ?)`, [...values, bound])[0]!
        .n;
    },
    lastSeq: () => all<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events', [])[0]!.seq,
    span(scope, condition) {
      const planned = plan(scope, condition, true);
      // Each by itself: only so are they the ends of an index.
      const [first, last] = ['min', 'max'].map((which) => facts<{ at: number | null }>(`${which}(e.canonical_time) AS at`, planned)[0]!.at);
      return first == null || last == null ? undefined : { first, last };
    },
    timeline(scope, condition, origin, step) {
      const { from, values } = plan(scope, condition, false);
      return all(
        `WITH seen AS (SELECT e.canonical_time AS at, e.outcome, e.attempts FROM ${from.replace('%names', '')})
         SELECT at - (at - CAST(? AS INTEGER)) % CAST(? AS INTEGER) AS start, outcome, sum(attempts) AS attempts FROM seen GROUP BY 1, 2 ORDER BY 1`,
        [...values, origin, step],
      );
    },
    failures(scope, by, since, limit) {
      const other = by === 'address' ? 'account' : 'address';
      const failed = everything();
      failed.where.push(`e.outcome = 'failure'`, `e.${by} IS NOT NULL`);
      whereValue(failed, 'e.canonical_time >= ?', since);
      return facts(
        `e.${by} AS name, sum(e.attempts) AS failures, count(DISTINCT e.${other}) AS others, max(e.canonical_time) AS last`,
        plan(scope, failed, true),
        'GROUP BY 1 ORDER BY failures DESC, last DESC LIMIT ?',
        [limit],
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
      write(() => {
        db.prepare('DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(?))').run(seqs);
        db.prepare('DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))').run(seqs);
      });
      db.exec('PRAGMA incremental_vacuum(1000)');
      return oldest.length;
    },
    events: () => (db.prepare('SELECT count(*) AS n FROM events').get() as { n: number }).n,
    bytes() {
      const [pages, free, pageSize] = ['page_count', 'freelist_count', 'page_size'].map((name) => Number(pragma(db, name)));
      return (pages! - free!) * pageSize!;
    },
    async backup(target, pages, progress) {
      await copySqlite(db, target, pages, progress);
      chmodSync(target, 0o600);
    },
    close() {
      if (waiting.length > 0) commit();
      // Statements that are not collected yet keep SQLite from doing so by itself.
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

/** Where events are looked for. */
interface Plan {
  /** What stands behind FROM, with `%names` where tables may join. */
  from: string;
  values: (string | number)[];
  /** Words that are checked for each event, since there are too many events that have them. */
  frequent: string | undefined;
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
