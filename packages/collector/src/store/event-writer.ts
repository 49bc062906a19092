import type { AuditEvent, Receipt } from '@auditlogin/core';
import { type SqliteDatabase, transaction } from '@auditlogin/core/engine';
import { factsOf } from './facts.js';
import { type PartyRecords, partyRecords } from './party-records.js';
import { DERIVED_COLUMNS, derivedValues } from './schema.js';
import { corrections } from './corrections.js';
import { wordIndex } from './word-index.js';

/** An event and its receipt. */
type ReceivedEvent = Receipt & { event: AuditEvent };

/** Writes events into the database. */
export interface EventWriter {
  /** Stores all of the events or none. @returns a promise that resolves when they are on disk */
  insert(project: string, events: readonly ReceivedEvent[]): Promise<void>;
  /** Calls `listener` after each commit, until the returned function is called. */
  watch(listener: () => void): () => void;
  /**
   * Deletes the events that arrived first.
   *
   * @param before only events that were received before this time, in milliseconds since 1970
   * @param limit the most events to delete
   * @returns the number of deleted events
   */
  deleteOldest(before: number, limit: number): number;
  /** Commits the waiting events now. */
  flush(): void;
}

interface Call {
  project: string;
  events: readonly ReceivedEvent[];
  resolve: () => void;
  reject: (thrown: unknown) => void;
}

/** How long calls wait for others to share a commit with, in milliseconds. A commit costs as much as fifty events. */
const GATHER = 2;
const VACUUM_PAGES = 1_000;
const COLUMNS = [
  ...['id', 'project', 'hash', 'received', 'created', 'canonical_time', 'crud', 'actor_id', 'target_id', 'external_id', 'body'],
  ...DERIVED_COLUMNS,
];

/**
 * Creates a writer of events.
 *
 * @param db the database, with its tables
 */
export function eventWriter(db: SqliteDatabase): EventWriter {
  const listeners = new Set<() => void>();
  const parties = partyRecords(db);
  const insertRow = rowInserter(db, parties);
  let waiting: Call[] = [];

  function insertAll(calls: readonly Call[]): void {
    const received = Date.now();
    try {
      transaction(db, 'BEGIN IMMEDIATE', () => {
        for (const { project, events } of calls) {
          for (const sent of events) insertRow(project, sent, received);
        }
      });
    } catch (thrown) {
      parties.forget();
      throw thrown;
    }
  }

  function insertAlone(call: Call): void {
    try {
      insertAll([call]);
      call.resolve();
    } catch (thrown) {
      call.reject(thrown);
    }
  }

  /** Commits all waiting calls together. If that fails, each call is committed alone, so that no call fails because of another. */
  function commit(): void {
    const calls = waiting;
    waiting = [];
    try {
      insertAll(calls);
      for (const { resolve } of calls) resolve();
    } catch {
      calls.forEach(insertAlone);
    }
    for (const listener of listeners) listener();
  }

  return {
    insert: (project, events) =>
      new Promise((resolve, reject) => {
        if (waiting.push({ project, events, resolve, reject }) === 1) setTimeout(commit, GATHER);
      }),
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    deleteOldest(before, limit) {
      const oldest = db.prepare('SELECT seq FROM events WHERE received < ? ORDER BY received LIMIT ?').all(before, limit);
      if (oldest.length === 0) return 0;
      const seqs = JSON.stringify((oldest as { seq: number }[]).map(({ seq }) => seq));
      transaction(db, 'BEGIN IMMEDIATE', () => {
        db.prepare('DELETE FROM words WHERE rowid IN (SELECT value FROM json_each(?))').run(seqs);
        db.prepare('DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))').run(seqs);
      });
      db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
      return oldest.length;
    },
    flush() {
      if (waiting.length > 0) commit();
    },
  };
}

/** Creates a function that inserts one event with its words. */
function rowInserter(db: SqliteDatabase, parties: PartyRecords): (project: string, event: ReceivedEvent, received: number) => void {
  const insert = db.prepare(`INSERT INTO events (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`);
  const words = wordIndex(db);
  const correcting = corrections(db);

  return (project, { id, hash, event }, received) => {
    const created = event.created === undefined ? null : Date.parse(String(event.created));
    const facts = correcting.apply(project, event, factsOf(event));
    const { lastInsertRowid } = insert.run(
      ...[id, project, hash, received, created, created ?? received, event.crud],
      ...[event.actor?.id, event.target?.id, event.external_id].map((value) => value ?? null),
      JSON.stringify(event),
      ...derivedValues(facts),
    );
    words.add(lastInsertRowid, event, facts, parties.keep(project, event));
  };
}
