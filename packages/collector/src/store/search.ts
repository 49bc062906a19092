import type { AuditEvent } from '@auditlogin/core';
import { parse } from 'search-query-parser';
import { type Condition, everything, whereFacet, whereValue } from './condition.js';

/** An invalid query. The message has the wording of the real server and is for the client that sent the query. */
export class QueryError extends Error {}

const KEYWORDS = ['action', 'crud', 'received', 'created', 'actor.id', 'actor.name', 'description', 'location', 'external_id'];
const WORDS: Record<string, string> = { 'actor.name': 'actor_name', description: 'description' };
const MAX_QUERY = 4096;

/**
 * Parses a query in the server's search syntax: `action:user.* crud:c actor.id:a,b received:2026-01-01,2026-02-01 free text`.
 *
 * @param query the query; an empty query matches everything
 * @throws QueryError if a time is invalid
 */
export function readQuery(query: string): Condition {
  const parsed = parse(query.slice(0, MAX_QUERY), { keywords: KEYWORDS, alwaysArray: true, tokenize: true });
  const condition = everything();
  if (typeof parsed === 'string') return words(condition, 'everything', [parsed]);
  const given = (key: string): string[] => (parsed as Record<string, string[] | undefined>)[key] ?? [];

  const actions = given('action');
  const exact = actions.filter((action) => !action.endsWith('*'));
  if (actions.length > 0 && exact.length === actions.length) whereFacet(condition, 'action', exact);
  else
    oneOf(condition, actions, (action) =>
      action.endsWith('*') ? ['e.action GLOB ?', `${globbed(action.slice(0, -1))}*`] : ['e.action = ?', action],
    );
  oneOf(condition, given('crud'), (crud) => ['e.crud = ?', crud]);
  oneOf(condition, given('external_id'), (id) => ['e.external_id = ?', id]);
  if (given('actor.id').length > 0) {
    // The facet also matches accounts that are not the actor.
    whereFacet(condition, 'account', given('actor.id'));
    condition.where.push('e.actor_id IS NOT NULL');
  }
  timeRange(condition, 'received', given('received'));
  timeRange(condition, 'created', given('created'));
  for (const [key, column] of Object.entries(WORDS)) words(condition, column, given(key));
  return words(condition, 'everything', [...given('text'), ...given('location')]);
}

/**
 * Returns the text of an event for the full-text index: every string in it, without the keys.
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

function oneOf(condition: Condition, given: string[], sql: (value: string) => [string, string]): void {
  if (given.length === 0) return;
  const alternatives = given.map(sql);
  condition.where.push(`(${alternatives.map(([where]) => where).join(' OR ')})`);
  condition.values.push(...alternatives.map(([, value]) => value));
}

function globbed(text: string): string {
  return text.replace(/[*?[]/g, '[$&]');
}

function timeRange(condition: Condition, key: 'received' | 'created', given: string[]): void {
  if (given.length === 0) return;
  if (given.length > 2) throw new QueryError(`The ${key} field requires a range of two datetimes.`);
  const [from, to] = given.map((text) => (text === '' ? undefined : timeOf(key, text)));
  for (const column of key === 'received' ? ['e.received'] : ['e.created', 'e.canonical_time']) {
    if (from !== undefined) whereValue(condition, `${column} >= ?`, from);
    if (to !== undefined) whereValue(condition, `${column} < ?`, to);
  }
  if (key === 'received') condition.received = { from, to };
}

function timeOf(key: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new QueryError(`Cannot parse ${key} datetime ${text.slice(0, 64)}`);
  return time;
}

/** Every term is quoted, so that a client cannot use the operators of FTS5. */
function words(condition: Condition, column: string, given: string[]): Condition {
  const terms = given.flatMap((text) => text.split(/[\s\0]+/)).filter((term) => /[\p{L}\p{N}]/u.test(term));
  condition.words.push(...terms.map((term) => `${column} : "${term.replaceAll('"', '""')}"`));
  return condition;
}
