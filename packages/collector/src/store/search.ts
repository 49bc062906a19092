import type { AuditEvent } from '@auditlogin/core';
import { parse } from 'search-query-parser';

/** What is searched: parts of an SQL WHERE clause over `events e`, and words. All of it must hold. */
export interface Condition {
  where: string[];
  values: (string | number)[];
  /** Words in the syntax of FTS5, each quoted. */
  match: string[];
}

/** The server's own words for a query that it cannot read. */
export class QueryError extends Error {}

const KEYWORDS = ['action', 'crud', 'received', 'created', 'actor.id', 'actor.name', 'description', 'location', 'external_id'];
const TIMES: Record<string, string> = { received: 'e.received', created: 'e.created' };
const WORDS: Record<string, string> = { 'actor.name': 'actor_name', description: 'description' };
const MAX_QUERY = 4096;

/**
 * Reads a query in the server's search syntax: `action:user.* crud:c actor.id:a,b received:2026-01-01,2026-02-01 free text`.
 *
 * @param query the query; an empty one finds everything
 * @throws QueryError when a time cannot be read
 */
export function readQuery(query: string): Condition {
  const parsed = parse(query.slice(0, MAX_QUERY), { keywords: KEYWORDS, alwaysArray: true, tokenize: true });
  const condition: Condition = { where: [], values: [], match: [] };
  if (typeof parsed === 'string') return words(condition, 'everything', [parsed]);
  const given = (key: string): string[] | undefined => (parsed as Record<string, string[] | undefined>)[key];

  oneOf(condition, given('action'), (action) =>
    action.endsWith('*')
      ? ['e.action >= ? AND e.action < ?', action.slice(0, -1), `${action.slice(0, -1)}\u{10ffff}`]
      : ['e.action = ?', action],
  );
  oneOf(condition, given('crud'), (crud) => ['e.crud = ?', crud]);
  oneOf(condition, given('external_id'), (id) => ['e.external_id = ?', id]);
  // An actor's id is also the account, which is the column with an index.
  oneOf(condition, given('actor.id'), (id) => ['e.account = ? AND e.actor_id = ?', id, id]);
  for (const [key, column] of Object.entries(TIMES)) timeRange(condition, key, column, given(key));
  for (const [key, column] of Object.entries(WORDS)) words(condition, column, given(key));
  return words(condition, 'everything', [...(given('text') ?? []), ...(given('location') ?? [])]);
}

/**
 * What full-text search finds an event by: every string in it, keys aside.
 *
 * @param event the event
 */
export function textOf(event: AuditEvent): string {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(event);
  return texts.join(' ');
}

function oneOf(condition: Condition, given: string[] | undefined, sql: (value: string) => [string, ...(string | number)[]]): void {
  if (!given || given.length === 0) return;
  const alternatives = given.map(sql);
  condition.where.push(`(${alternatives.map(([where]) => `(${where})`).join(' OR ')})`);
  condition.values.push(...alternatives.flatMap(([, ...values]) => values));
}

function timeRange(condition: Condition, key: string, column: string, given: string[] | undefined): void {
  if (!given) return;
  if (given.length > 2) throw new QueryError(`The ${key} field requires a range of two datetimes.`);
  const [from, to] = given.map((text) => (text === '' ? undefined : timeOf(key, text)));
  if (from !== undefined) {
    condition.where.push(`${column} >= ?`);
    condition.values.push(from);
  }
  if (to !== undefined) {
    condition.where.push(`${column} < ?`);
    condition.values.push(to);
  }
}

function timeOf(key: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new QueryError(`Cannot parse ${key} datetime ${text.slice(0, 64)}`);
  return time;
}

/** Every term is quoted, so that no operator of FTS5 can be typed. */
function words(condition: Condition, column: string, given: string[] | undefined): Condition {
  const terms = (given ?? []).flatMap((text) => text.split(/[\s\0]+/)).filter((term) => /[\p{L}\p{N}]/u.test(term));
  condition.match.push(...terms.map((term) => `${column} : "${term.replaceAll('"', '""')}"`));
  return condition;
}
