import { SEARCH_FIELDS, unknownSearchField } from '@auditlogin/core/log';
import { type Condition, everything, whereFacet, whereNothing, whereTerm, whereValue } from './condition.js';
import { targetTerm } from './facet-terms.js';
import { lexemesOf } from './lexemes.js';
import { readTime } from './search-time.js';

/** An invalid query. The message is for the client that sent the query. */
export class QueryError extends Error {}

type Field = (typeof SEARCH_FIELDS)[number];

/** What a query asks for: values by field, and text. */
interface ParsedQuery {
  fields: ReadonlyMap<Field, readonly string[]>;
  /** The words outside of fields; undefined if there are none. */
  text: string | undefined;
}

/** The most characters of a query, enough for the ids of a bulk call. */
const MAX_QUERY = 10_000;
/** The most different words of a query: each is looked up in the index, and a query runs on the only thread. */
const MAX_WORDS = 20;
/** A run of characters without white space. Quoted parts may contain white space. */
const TERM = /(?:(?<=^|[\s:,])(["']).*?\1|\S)+/gsu;
const QUOTED = /^(["'])(.*)\1$/su;
const LIST = /(?:(?<=^|,)(["']).*?\1(?=,|$)|[^,])+/gsu;
/** Fields whose words are searched, with their column in the full-text index. */
const TEXT_FIELDS = { 'actor.name': 'actor_name', 'target.name': 'target_name', description: 'description' } as const;

/**
 * Parses a query in the server's search syntax: `action:user.* crud:c actor.id:a,b received:2026-01-01,2026-02-01 free text`.
 *
 * @param query the query; an empty query matches everything
 * @throws QueryError if it names an unknown field, has an invalid time, or is too long
 */
export function readQuery(query: string): Condition {
  const { fields, text } = parse(query);
  const condition = everything();
  const given = (field: Field): readonly string[] => fields.get(field) ?? [];
  whereAction(condition, given('action'));
  oneOf(condition, 'e.crud', given('crud'));
  oneOf(condition, 'e.external_id', given('external_id'));
  if (given('actor.id').length > 0) {
    // The facet also matches accounts that are not the actor.
    whereFacet(condition, 'account', given('actor.id'));
    condition.where.push('e.actor_id IS NOT NULL');
  }
  for (const property of ['id', 'type'] as const) {
    const values = given(`target.${property}`);
    if (values.length > 0) {
      whereTerm(
        condition,
        'facets',
        values.map((value) => targetTerm(property, value)),
      );
    }
  }
  timeRange(condition, 'received', given('received'));
  timeRange(condition, 'created', given('created'));
  let words = 0;
  for (const [field, column] of Object.entries(TEXT_FIELDS) as [keyof typeof TEXT_FIELDS, string][]) {
    const values = given(field);
    if (values.length > 0) words += whereWords(condition, column, values.join(' '));
  }
  // The real server adds the location to the text without a space.
  const location = given('location').join('');
  if (text !== undefined || location !== '') words += whereWords(condition, 'everything', (text ?? '') + location);
  if (words > MAX_WORDS) throw new QueryError(`The query has ${words} different words; at most ${MAX_WORDS} can be searched at once.`);
  return condition;
}

function parse(query: string): ParsedQuery {
  if (query.length > MAX_QUERY) throw new QueryError(`The query has ${query.length} characters; at most ${MAX_QUERY} are allowed.`);
  if (query.includes('\0')) throw new QueryError('The query contains a NUL character.');
  const unknown = unknownSearchField(query);
  if (unknown !== undefined) {
    throw new QueryError(
      `Unknown field "${unknown.slice(0, 64)}"; known are ${SEARCH_FIELDS.join(', ')}. Quote it to search for it as text.`,
    );
  }
  const fields = new Map<Field, string[]>();
  const texts: string[] = [];
  for (const [term] of query.matchAll(TERM)) {
    const field = SEARCH_FIELDS.find((name) => term.startsWith(`${name}:`));
    if (field === undefined) texts.push(textIn(term));
    else fields.set(field, [...(fields.get(field) ?? []), ...valuesIn(field, term.slice(field.length + 1))]);
  }
  // A query of white space is a text without any word.
  return { fields, text: texts.length > 0 || (query !== '' && fields.size === 0) ? texts.join(' ') : undefined };
}

/** Quoted text is searched as it is. Of any other text with colons, such as an IPv6 address, the real server searches what is between the first two. */
function textIn(term: string): string {
  const quoted = QUOTED.exec(term)?.[2];
  return quoted ?? (term.includes(':') ? (term.split(':')[1] || term.split(':')[0])! : term);
}

function valuesIn(field: Field, list: string): string[] {
  const values = [...list.matchAll(LIST)].map(([value]) => value);
  if (field === 'received' || field === 'created') return list.split(',');
  const unquoted = values.map((value) => QUOTED.exec(value)?.[2] ?? value).filter((value) => value !== '');
  const damaged = field in TEXT_FIELDS ? undefined : unquoted.find((value) => value.includes('"'));
  if (damaged !== undefined) throw new QueryError(`The ${field} field has a quote inside of a value.`);
  return unquoted;
}

function whereAction(condition: Condition, actions: readonly string[]): void {
  if (actions.length === 0) return;
  if (!actions.some((action) => action.endsWith('*'))) return whereFacet(condition, 'action', actions);
  const alternatives = actions.map((action): [string, string] =>
    action.endsWith('*') ? ['e.action GLOB ?', `${globbed(action.slice(0, -1))}*`] : ['e.action = ?', action],
  );
  condition.where.push(`(${alternatives.map(([where]) => where).join(' OR ')})`);
  condition.values.push(...alternatives.map(([, value]) => value));
}

function globbed(text: string): string {
  return text.replace(/[*?[]/g, '[$&]');
}

function oneOf(condition: Condition, column: string, values: readonly string[]): void {
  if (values.length === 0) return;
  condition.where.push(`${column} IN (${values.map(() => '?').join(', ')})`);
  condition.values.push(...values);
}

function timeRange(condition: Condition, key: 'received' | 'created', given: readonly string[]): void {
  if (given.length === 0) return;
  if (given.length !== 2) throw new QueryError(`The ${key} field requires a range of two datetimes.`);
  const [from, to] = given.map((text) => timeOf(key, text)) as [number, number];
  for (const column of key === 'received' ? ['e.received'] : ['e.created', 'e.canonical_time']) {
    whereValue(condition, `${column} >= ?`, from);
    whereValue(condition, `${column} < ?`, to);
  }
  if (key === 'received') condition.received = { from, to };
}

function timeOf(key: string, text: string): number {
  const time = readTime(text);
  if (time === undefined) throw new QueryError(`Cannot parse ${key} datetime ${text.slice(0, 64)}`);
  return time;
}

/** Demands all words of a text. @returns the number of different words */
function whereWords(condition: Condition, column: string, text: string): number {
  const words = [...new Set(lexemesOf(text))];
  for (const word of words) whereTerm(condition, column, [word]);
  // A text of stop words and signs finds nothing at the real server.
  if (words.length === 0) whereNothing(condition);
  return words.length;
}
