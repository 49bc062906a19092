import { type FacetName, KNOWN_VALUES } from '@auditlogin/core/log';
import { type Condition, everything, whereFacet } from './condition.js';
import { conditionOf, type Filters } from './filters.js';
import type { Scope } from './scope.js';
import { QueryError } from './search.js';
import type { Store } from './store.js';

/**
 * Converts filters to a condition. Refuses outcomes, reasons and actions that do not exist, since a filter that is misspelt would look like an empty log. A
 * reason or an action may be the application's own: it is known if the log has an event with it.
 *
 * @param store the events
 * @param scope which events may be seen
 * @param filters the filters
 * @throws QueryError if the query is invalid, or a value is unknown
 */
export function checkedCondition(store: Store, scope: Scope, filters: Filters): Condition {
  for (const [facet, known] of Object.entries(KNOWN_VALUES) as [keyof typeof KNOWN_VALUES, readonly string[]][]) {
    const isOpen = facet !== 'outcome';
    const unknown = filters[facet]?.find((value) => !known.includes(value) && !(isOpen && isInLog(store, scope, facet, value)));
    if (unknown === undefined) continue;
    const others = isOpen ? `, or another ${facet} that the log has` : '';
    throw new QueryError(`Unknown ${facet} "${unknown.slice(0, 64)}"; expected ${known.join(', ')}${others}.`);
  }
  return conditionOf(filters);
}

function isInLog(store: Store, scope: Scope, facet: FacetName, value: string): boolean {
  const condition = everything();
  whereFacet(condition, facet, [value]);
  return store.find(scope, condition, 1, 'newest').events.length > 0;
}
