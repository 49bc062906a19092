import type { AuditEvent, Receipt } from '@auditlogin/core';
import { FACETS, type FacetName } from '@auditlogin/core/log';
import type { SqliteDatabase } from '@auditlogin/core/engine';
import { type Condition, everything, whereValue } from './condition.js';
import type { Cursor } from './cursor.js';
import type { KnownParties, PartyRecord } from './party-records.js';
import { MATCHING, planQuery, type QueryPlan } from './query-plan.js';
import type { Scope } from './scope.js';

/** An event as it is stored. */
export interface StoredEvent extends Receipt {
  /** The event's position in the order of arrival. */
  seq: number;
  /** In milliseconds since 1970. */
  received: number;
  /** In milliseconds since 1970; undefined if the event has no `created`. */
  created: number | undefined;
  /** `created`, or else `received`, in milliseconds since 1970. The log is ordered by this time. */
  canonicalTime: number;
  /** The event as it was sent. */
  event: AuditEvent;
  /** The `external_id` of the last event that corrects this one. */
  correctedBy: string | undefined;
  /** What the log knows about the event's actor, group and target now. */
  known: KnownParties;
}

type Order = 'newest' | 'oldest';

interface Page {
  events: StoredEvent[];
  /** Whether there are more events in the direction of reading. */
  hasMore: boolean;
}

/** The number of attempts with one outcome within a span of time. */
interface TimelineCount {
  /** Start of the span, in milliseconds since 1970. */
  start: number;
  outcome: string;
  attempts: number;
}

/** Failed attempts from one address, or on one account. */
interface FailureCount {
  name: string;
  failures: number;
  /** For an address, the number of accounts that it tried. For an account, the number of addresses that tried it. */
  others: number;
  /** Time of the last failure, in milliseconds since 1970. */
  last: number;
}

/** Reads the events of a store. Each call sees only the events of a scope, and throws a QueryError for words that cannot be searched. */
export interface LogReader {
  /**
   * @param scope limits which events are found
   * @param condition the condition of the search
   * @param limit the most events
   * @param order newest or oldest first
   * @param from position after which the page begins
   * @param skip number of events after that position that are left out
   */
  find(scope: Scope, condition: Condition, limit: number, order: Order, from?: Cursor, skip?: number): Page;
  /** Returns the events after a position in the order of arrival. */
  arrivals(scope: Scope, condition: Condition, after: number, limit: number): StoredEvent[];
  /** Counts the matching events. Counting stops at the bound. */
  count(scope: Scope, condition: Condition, bound?: number): number;
  /** Returns the times of the first and the last matching event, in milliseconds since 1970; undefined if none matches. */
  span(scope: Scope, condition: Condition): { first: number; last: number } | undefined;
  /** Counts attempts by outcome, in spans of the length `step` that begin at `origin`; both in milliseconds. */
  timeline(scope: Scope, condition: Condition, origin: number, step: number): TimelineCount[];
  /** Returns the addresses or accounts with the most failures since a time, in milliseconds since 1970. */
  failures(scope: Scope, by: 'address' | 'account', since: number, limit: number): FailureCount[];
}

/** Number of events for which a frequent word is looked up at once. */
const BATCH = 500;
const COLUMNS = `e.seq, e.id, e.hash, e.received, e.created, e.canonical_time AS canonicalTime, e.body, a.record AS actor, g.record AS "group", t.record AS target,
  (SELECT c.external_id FROM events c WHERE c.project = e.project AND c.corrects = e.external_id ORDER BY c.seq DESC LIMIT 1) AS correctedBy`;
const SCOPE = `coalesce(e.${FACETS.group.column}, '')`;
const RECORDS = `
  LEFT JOIN parties a ON a.project = e.project AND a.scope = ${SCOPE} AND a.kind = 'actor' AND a.id = e.actor_id
  LEFT JOIN parties g ON g.project = e.project AND g.scope = ${SCOPE} AND g.kind = 'group' AND g.id = e.${FACETS.group.column}
  LEFT JOIN parties t ON t.project = e.project AND t.scope = ${SCOPE} AND t.kind = 'target' AND t.id = e.target_id`;

/**
 * Reads the events of a database.
 *
 * @param db the database, with its tables
 */
export function logReader(db: SqliteDatabase): LogReader {
  function all<T>(sql: string, values: readonly (string | number)[]): T[] {
    return db.prepare(sql).all(...values) as T[];
  }

  /** Selects columns of `events e`. */
  function select<T>(columns: string, { source, where, values }: QueryPlan, rest: Rest = NO_REST): T[] {
    return all(`SELECT ${columns} FROM ${source} WHERE ${where} ${rest.sql}`, [...values, ...rest.values]);
  }

  function selectEvents({ source, ...plan }: QueryPlan, rest: Rest): StoredEvent[] {
    return select<EventRow>(COLUMNS, { ...plan, source: source + RECORDS }, rest).map(storedEvent);
  }

  /**
   * Reads the log in order and looks up the words for some hundred events at once until the page is full, since looking up a frequent word for a single
   * event takes a millisecond.
   */
  function findFrequent(
    scope: Scope,
    condition: Condition,
    words: string,
    limit: number,
    order: Order,
    from: Cursor | undefined,
    skip: number,
  ): StoredEvent[] {
    const candidates = planQuery(db, scope, { ...condition, words: [], facets: [] }, true);
    const found: number[] = [];
    let last = from;
    let batch: (Cursor & { seq: number })[];
    do {
      batch = select<Cursor & { seq: number }>('e.canonical_time AS canonicalTime, e.id, e.seq', candidates, inOrder(order, last, BATCH));
      found.push(
        ...withWords(
          batch.map(({ seq }) => seq),
          words,
        ),
      );
      last = batch.at(-1);
    } while (found.length < skip + limit && batch.length === BATCH);
    const chosen: QueryPlan = {
      source: 'events e',
      where: 'e.seq IN (SELECT value FROM json_each(?))',
      values: [JSON.stringify(found.slice(skip, skip + limit))],
      frequent: undefined,
    };
    return selectEvents(chosen, inOrder(order, undefined, limit));
  }

  /** Returns the events that have all words. */
  function withWords(seqs: readonly number[], words: string): number[] {
    if (seqs.length === 0) return [];
    const range = [Math.min(...seqs), Math.max(...seqs)];
    const matching = new Set(all<{ seq: number }>(`${MATCHING} AND rowid BETWEEN ? AND ?`, [words, ...range]).map(({ seq }) => seq));
    return seqs.filter((seq) => matching.has(seq));
  }

  return {
    find(scope, condition, limit, order, from, skip = 0) {
      const plan = planQuery(db, scope, condition, true);
      const found =
        plan.frequent === undefined
          ? selectEvents(plan, inOrder(order, from, limit + 1, skip))
          : findFrequent(scope, condition, plan.frequent, limit + 1, order, from, skip);
      return { events: found.slice(0, limit), hasMore: found.length > limit };
    },
    arrivals(scope, condition, after, limit) {
      const plan = planQuery(db, scope, { ...condition, facets: [] }, true);
      return selectEvents(plan, { sql: 'AND e.seq > ? ORDER BY e.seq LIMIT ?', values: [after, limit] });
    },
    count(scope, condition, bound = Number.MAX_SAFE_INTEGER) {
      const { source, where, values } = planQuery(db, scope, condition, false);
      const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ${source} WHERE ${where} LIMIT ?)`;
      return (db.prepare(sql).get(...values, bound) as { n: number }).n;
    },
    span(scope, condition) {
      const plan = planQuery(db, scope, condition, true);
      // Each query alone reads one end of an index. A single query for both would scan the index.
      const [first, last] = ['min', 'max'].map((end) => select<{ at: number | null }>(`${end}(e.canonical_time) AS at`, plan)[0]?.at);
      return first == null || last == null ? undefined : { first, last };
    },
    timeline(scope, condition, origin, step) {
      const { source, where, values } = planQuery(db, scope, condition, false);
      return all(
        `WITH seen AS (SELECT e.canonical_time AS at, e.outcome, e.attempts FROM ${source} WHERE ${where})
         SELECT at - (at - CAST(? AS INTEGER)) % CAST(? AS INTEGER) AS start, outcome, sum(attempts) AS attempts FROM seen GROUP BY 1, 2 ORDER BY 1`,
        [...values, origin, step],
      );
    },
    failures(scope, by, since, limit) {
      const [name, other] = by === 'address' ? [columnOf('address'), columnOf('account')] : [columnOf('account'), columnOf('address')];
      const failed = everything();
      failed.where.push(`${columnOf('outcome')} = 'failure'`, `${name} IS NOT NULL`, 'e.attempts > 0');
      whereValue(failed, 'e.canonical_time >= ?', since);
      return select(
        `${name} AS name, sum(e.attempts) AS failures, count(DISTINCT ${other}) AS others, max(e.canonical_time) AS last`,
        planQuery(db, scope, failed, true),
        { sql: 'GROUP BY 1 ORDER BY failures DESC, last DESC LIMIT ?', values: [limit] },
      );
    },
  };
}

/** The part of a SELECT after its WHERE clause. */
interface Rest {
  sql: string;
  values: (string | number)[];
}

const NO_REST: Rest = { sql: '', values: [] };

function inOrder(order: Order, from: Cursor | undefined, limit: number, skip = 0): Rest {
  const [direction, beyond] = order === 'newest' ? ['DESC', '<'] : ['ASC', '>'];
  const sorted = `ORDER BY e.canonical_time ${direction}, e.id ${direction} LIMIT ? OFFSET ?`;
  if (!from) return { sql: sorted, values: [limit, skip] };
  return { sql: `AND (e.canonical_time, e.id) ${beyond} (?, ?) ${sorted}`, values: [from.canonicalTime, from.id, limit, skip] };
}

function columnOf(facet: FacetName): string {
  return `e.${FACETS[facet].column}`;
}

interface EventRow extends Receipt {
  seq: number;
  received: number;
  created: number | null;
  canonicalTime: number;
  body: string;
  actor: string | null;
  group: string | null;
  target: string | null;
  correctedBy: string | null;
}

function storedEvent({ actor, group, target, correctedBy, body, created, ...row }: EventRow): StoredEvent {
  return {
    ...row,
    created: created ?? undefined,
    event: JSON.parse(body) as AuditEvent,
    correctedBy: correctedBy ?? undefined,
    known: { actor: recordOf(actor), group: recordOf(group), target: recordOf(target) },
  };
}

function recordOf(json: string | null): PartyRecord | undefined {
  return json === null ? undefined : (JSON.parse(json) as PartyRecord);
}
