import type { AuditEvent } from '@auditlogin/core';
import { parse } from 'search-query-parser';

/** A part of an SQL WHERE clause over `events e`; all of it must hold. */
export interface Condition {
  where: string[];
  values: (string | number)[];
}

/** The server's own words for a query that it cannot read. */
export class QueryError extends Error {}

const KEYWORDS = ['action', 'crud', 'received', 'created', 'actor.id', 'actor.name', 'description', 'location', 'external_id'];
const COLUMNS: Record<string, string> = { crud: 'e.crud', 'actor.id': 'e.actor_id', external_id: 'e.external_id' };
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
  const condition: Condition = { where: [], values: [] };
  if (typeof parsed === 'string') return words(condition, 'everything', [parsed]);
  const given = (key: string): string[] | undefined => (parsed as Record<string, string[] | undefined>)[key];

  oneOf(condition, given('action'), (action) =>
    action.endsWith('*') ? ['substr(e.action, 1, ?) = ?', action.length - 1, action.slice(0, -1)] : ['e.action = ?', action],
  );
  for (const [key, column] of Object.entries(COLUMNS)) oneOf(condition, given(key), (value) => [`${column} = ?`, value]);
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
  condition.where.push(`(${alternatives.map(([where]) => where).join(' OR ')})`);
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
  if (terms.length > 0) {
    condition.where.push('e.seq IN (SELECT rowid FROM words WHERE words MATCH ?)');
    condition.values.push(terms.map((term) => `${column} : "${term.replaceAll('"', '""')}"`).join(' AND '));
  }
  return condition;
}
