import type { SqliteDatabase } from '@auditlogin/core/engine';
import type { Condition } from './condition.js';
import { type Scope, within } from './scope.js';

/** The rows that a search reads. */
export interface QueryPlan {
  /** What stands behind FROM, without the tables of the names. */
  source: string;
  /** What stands behind WHERE. */
  where: string;
  values: (string | number)[];
  /** Full-text terms that are checked for each row, because too many events have them to begin with those; undefined if there are none. */
  frequent: string | undefined;
}

/** A select that leads to some of the events. */
interface Lead {
  sql: string;
  values: (string | number)[];
}

/** The rows whose words match. */
export const MATCHING = 'SELECT rowid AS seq FROM words WHERE words MATCH ?';
/** A lead to fewer events is followed. With more events a page is found sooner by reading the log in its order. */
const MANY = 2_000;

/**
 * Decides in which way a search reads the events: by a lead, if it leads to few of them, else all of them in the order of the log.
 *
 * @param db the database
 * @param scope what may be seen
 * @param condition what is searched
 * @param isOrdered whether a page in the order of the log is wanted, instead of all that matches
 */
export function planQuery(db: SqliteDatabase, scope: Scope, condition: Condition, isOrdered: boolean): QueryPlan {
  const { where, values, words, facets, received } = within(scope, condition);
  const [byWords, byReceipt] = [wordLead([...facets, ...words]), receiptLead(received)];
  // Without an order the words are followed to all matches, however many there are.
  const isFollowed = (lead: Lead): boolean => (!isOrdered && lead === byWords) || leadsToFew(db, lead);
  const lead = [byWords, byReceipt].find((each) => each !== undefined && isFollowed(each));
  const frequent = words.length > 0 && lead !== byWords ? words.join(' AND ') : undefined;
  return {
    // SQLite reads what stands before a CROSS JOIN first (sqlite.org/optoverview.html#crossjoin).
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
