import { type Facet, facetWord } from './facts.js';

/** What is searched. All of it must hold. */
export interface Condition {
  /** Parts of an SQL WHERE clause over `events e`. */
  where: string[];
  values: (string | number)[];
  /** Words that events must have, in the syntax of FTS5, each quoted. */
  words: string[];
  /** Words of facets: they say nothing that `where` does not say, but lead to few events quickly. */
  facets: string[];
  /** When the events were received, in milliseconds since 1970, if that is bounded: says what `where` says, too. */
  received: { from: number | undefined; to: number | undefined } | undefined;
}

/** What holds for every event. */
export function everything(): Condition {
  return { where: [], values: [], words: [], facets: [], received: undefined };
}

const COLUMNS: Record<Facet, string> = {
  outcome: 'e.outcome',
  reason: 'e.reason',
  account: 'e.account',
  address: 'e.address',
  group: 'e.group_id',
  action: 'e.action',
};

/**
 * Narrows a condition to some values of a facet.
 *
 * @param condition is changed
 * @param facet the facet
 * @param values the alternatives
 */
export function whereFacet(condition: Condition, facet: Facet, values: readonly string[]): void {
  condition.where.push(`${COLUMNS[facet]} IN (${values.map(() => '?').join(', ')})`);
  condition.values.push(...values);
  // An empty list of alternatives finds nothing, which no word can say.
  if (values.length > 0) condition.facets.push(`facets : (${values.map((value) => `"${facetWord(facet, value)}"`).join(' OR ')})`);
}

/**
 * Narrows a condition.
 *
 * @param condition is changed
 * @param sql a part of a WHERE clause with one parameter
 * @param value its value
 */
export function whereValue(condition: Condition, sql: string, value: string | number): void {
  condition.where.push(sql);
  condition.values.push(value);
}
