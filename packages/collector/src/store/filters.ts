import { FACET_NAMES, FACETS } from '@auditlogin/core/log';
import * as v from 'valibot';
import { type Condition, whereFacet, whereValue } from './condition.js';
import { readQuery } from './search.js';

const text = v.pipe(v.string(), v.maxLength(1_024));

const time = (description: string) =>
  v.pipe(
    v.string(),
    v.maxLength(64),
    v.check((value) => !Number.isNaN(Date.parse(value)), 'expected a time in ISO 8601'),
    v.metadata({ format: 'date-time', description }),
    v.transform((value) => Date.parse(value)),
  );

/** One value or several. Empty values are ignored. */
const texts = (description: string) =>
  v.pipe(
    v.union([text, v.pipe(v.array(text), v.maxLength(50))]),
    v.description(description),
    v.transform((given) => (typeof given === 'string' ? [given] : given).filter((one) => one !== '')),
  );

/** A filter for each facet. */
const facetFilters = Object.fromEntries(
  FACET_NAMES.map((name) => {
    const { description, values } = FACETS[name];
    return [name, v.optional(texts(values ? `${description} Usually ${values.join(', ')}.` : description))];
  }),
) as Record<(typeof FACET_NAMES)[number], v.OptionalSchema<ReturnType<typeof texts>, undefined>>;

/** The filters of the viewer and the exports. An event must match all of them; several values of one facet are alternatives. */
export const filtersSchema = v.strictObject({
  query: v.optional(v.pipe(text, v.description('A search in the syntax of the API.'))),
  from: v.optional(time('Only events that happened at this time or later, in ISO 8601.')),
  to: v.optional(time('Only events that happened before this time, in ISO 8601.')),
  ...facetFilters,
});

/** The parsed filters. */
export type Filters = v.InferOutput<typeof filtersSchema>;

/**
 * Converts filters to a condition.
 *
 * @param filters the filters
 * @throws QueryError if the query is invalid
 */
export function conditionOf({ query, from, to, ...facets }: Filters): Condition {
  const condition = readQuery(query?.trim() ?? '');
  for (const facet of FACET_NAMES) {
    const values = facets[facet] ?? [];
    if (values.length > 0) whereFacet(condition, facet, values);
  }
  if (from !== undefined) whereValue(condition, 'e.canonical_time >= ?', from);
  if (to !== undefined) whereValue(condition, 'e.canonical_time < ?', to);
  return condition;
}
