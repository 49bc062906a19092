import { FACETS, type FacetName } from '@auditlogin/core/log';
import { facetTerm } from './facet-terms.js';

/** What is searched. All of it must hold. */
export interface Condition {
  /** Parts of an SQL WHERE clause over `events e`. */
  where: string[];
  values: (string | number)[];
  /** Full-text terms that events must have, in the syntax of FTS5, each quoted. */
  words: string[];
  /** Full-text terms of facets. They repeat what `where` says, as a shortcut to the events of a rare value. */
  facets: string[];
  /** The bounds of the time of receipt, in milliseconds since 1970, if there are any. They repeat what `where` says. */
  received: { from: number | undefined; to: number | undefined } | undefined;
}

/** The condition that every event meets. */
export function everything(): Condition {
  return { where: [], values: [], words: [], facets: [], received: undefined };
}

/**
 * Narrows a condition to some values of a facet.
 *
 * @param condition is changed
 * @param facet the facet
 * @param values the alternatives; with none of them no event is found
 */
export function whereFacet(condition: Condition, facet: FacetName, values: readonly string[]): void {
  condition.where.push(`e.${FACETS[facet].column} IN (${values.map(() => '?').join(', ')})`);
  condition.values.push(...values);
  // FTS5 has no term that matches nothing.
  if (values.length > 0) condition.facets.push(`facets : (${values.map((value) => `"${facetTerm(facet, value)}"`).join(' OR ')})`);
}

/**
 * Narrows a condition.
 *
 * @param condition is changed
 * @param sql a part of a WHERE clause with one parameter
 * @param value the value of the parameter
 */
export function whereValue(condition: Condition, sql: string, value: string | number): void {
  condition.where.push(sql);
  condition.values.push(value);
}
