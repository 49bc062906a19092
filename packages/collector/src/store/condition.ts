import { FACETS, type FacetName } from '@auditlogin/core/log';
import { facetTerm } from './facet-terms.js';

/** The condition of a search. All of its parts must be true. */
export interface Condition {
  /** Parts of an SQL WHERE clause over `events e`. */
  where: string[];
  values: (string | number)[];
  /** Full-text terms that events must have, in the syntax of FTS5, each quoted. */
  words: string[];
  /** Full-text terms of facets. They repeat parts of `where`, as a shortcut to the events with a rare value. */
  facets: string[];
  /** The bounds of the time of receipt, in milliseconds since 1970, if there are any. They repeat parts of `where`. */
  received: { from: number | undefined; to: number | undefined } | undefined;
}

/** A condition that every event meets. */
export function everything(): Condition {
  return { where: [], values: [], words: [], facets: [], received: undefined };
}

/**
 * Restricts a condition to some values of a facet.
 *
 * @param condition the condition, which is changed
 * @param facet the facet
 * @param values the allowed values; if there are none, no event matches
 */
export function whereFacet(condition: Condition, facet: FacetName, values: readonly string[]): void {
  condition.where.push(`e.${FACETS[facet].column} IN (${values.map(() => '?').join(', ')})`);
  condition.values.push(...values);
  // FTS5 has no term that matches nothing.
  if (values.length > 0) condition.facets.push(`facets : (${values.map((value) => `"${facetTerm(facet, value)}"`).join(' OR ')})`);
}

/**
 * Restricts a condition to events that have one of some terms in a column of the full-text index.
 *
 * @param condition the condition, which is changed
 * @param column the column
 * @param terms the terms, without quotes in them
 */
export function whereTerm(condition: Condition, column: string, terms: readonly string[]): void {
  condition.words.push(`${column} : (${terms.map((term) => `"${term}"`).join(' OR ')})`);
}

/**
 * Restricts a condition so that no event matches.
 *
 * @param condition the condition, which is changed
 */
export function whereNothing(condition: Condition): void {
  condition.where.push('0');
}

/**
 * Restricts a condition.
 *
 * @param condition the condition, which is changed
 * @param sql part of a WHERE clause with one parameter
 * @param value the value of the parameter
 */
export function whereValue(condition: Condition, sql: string, value: string | number): void {
  condition.where.push(sql);
  condition.values.push(value);
}
