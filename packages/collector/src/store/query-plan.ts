import type { SqliteDatabase } from '@auditlogin/core/engine';
import type { Condition } from './condition.js';
import { type Scope, within } from './scope.js';

/** The rows that a search reads. */
export interface QueryPlan {
  /** The part of the SQL after FROM, without the tables of the names. */
  source: string;
  /** The part of the SQL after WHERE. */
  where: string;
  values: (string | number)[];
  /** Full-text terms that are checked for each row, because too many events match them; undefined if there are none. */
  frequent: string | undefined;
}

/** A SELECT that finds some of the events by an index. */
interface Lead {
  sql: string;
  values: (string | number)[];
}

/** Selects the rows whose words match. */
export const MATCHING = 'SELECT rowid AS seq FROM words WHERE words MATCH ?';
/** A lead is used if it finds fewer events than this. Otherwise reading the log in order fills a page sooner. */
const MANY = 2_000;

/**
 * Decides how a search reads the events: by a lead if it finds few events, else all events in the order of the log.
 *
 * @param db the database
 * @param scope limits which events are found
 * @param condition the condition of the search
 * @param isOrdered whether the result is a page in the order of the log instead of all matching events
 */
export function planQuery(db: SqliteDatabase, scope: Scope, condition: Condition, isOrdered: boolean): QueryPlan {
  const { where, values, words, facets, received } = within(scope, condition);
  const [byWords, byReceipt] = [wordLead([...facets, ...words]), receiptLead(received)];
  // If no order is needed, the words are used as the lead, however many events they match.
  const isFollowed = (lead: Lead): boolean => (!isOrdered && lead === byWords) || leadsToFew(db, lead);
  const lead = [byWords, byReceipt].find((each) => each !== undefined && isFollowed(each));
  const frequent = words.length > 0 && lead !== byWords ? words.join(' AND ') : undefined;
  return {
    // SQLite reads the table on the left of a CROSS JOIN first (sqlite.org/optoverview.html#crossjoin).
    source: lead === undefined ? 'events e' : `(${lead.sql}) found CROSS JOIN events e ON e.seq = found.seq`,
    where: [...where, ...(frequent === undefined ? [] : [`EXISTS (${MATCHING} AND rowid = e.seq)`])].join(' AND '),
    values: [...(lead?.values ?? []), ...values, ...(frequent === undefined ? [] : [frequent])],
    frequent,
  };
}

function wordLead(terms: readonly string[]): Lead | undefined {
  return terms.length === 0 ? undefined : { sql: MATCHING, values: [terms.join(' AND ')] };
}

function receiptLead(received: Condition['received']): Lead | undefined {
  if (!received) return undefined;
  const range = [received.from ?? 0, received.to ?? Number.MAX_SAFE_INTEGER];
  return { sql: 'SELECT seq FROM events WHERE received >= ? AND received < ?', values: range };
}

function leadsToFew(db: SqliteDatabase, { sql, values }: Lead): boolean {
  const { n } = db.prepare(`SELECT count(*) AS n FROM (${sql} LIMIT ${MANY})`).get(...values) as { n: number };
  return n < MANY;
}
