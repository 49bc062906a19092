import { FACET_NAMES, FACETS } from '@auditlogin/core/log';
import { z } from 'zod';
import { type Condition, whereFacet, whereValue } from './condition.js';
import { readQuery } from './search.js';

const text = z.string().max(1_024);
const time = z
  .string()
  .max(64)
  .refine((value) => !Number.isNaN(Date.parse(value)), 'expected a time in ISO 8601')
  .transform((value) => Date.parse(value))
  .meta({ format: 'date-time' });

/** One value or several. Empty values are ignored. */
const texts = z
  .union([text, z.array(text).max(50)])
  .transform((given) => (typeof given === 'string' ? [given] : given).filter((one) => one !== ''));
type Texts = z.ZodOptional<typeof texts>;

/** A filter for each facet. */
const facetFilters = Object.fromEntries(
  FACET_NAMES.map((name) => {
    const { description, values } = FACETS[name];
    return [name, texts.optional().meta({ description: values ? `${description} Usually ${values.join(', ')}.` : description })];
  }),
) as Record<(typeof FACET_NAMES)[number], Texts>;

/** The filters of the viewer and the exports. An event must match all of them; several values of one facet are alternatives. */
export const filtersSchema = z.strictObject({
  query: text.optional().meta({ description: 'A search in the syntax of the API.' }),
  from: time.optional().meta({ description: 'Only events that happened at this time or later, in ISO 8601.' }),
  to: time.optional().meta({ description: 'Only events that happened before this time, in ISO 8601.' }),
  ...facetFilters,
});

/** The parsed filters. */
export type Filters = z.output<typeof filtersSchema>;

/**
 * Converts filters to a condition.
 *
 * @param filters the filters
 * @throws QueryError if the query is invalid
 */
export function conditionOf({ query, from, to, ...facets }: Filters): Condition {
  const condition = readQuery(query ?? '');
  for (const facet of FACET_NAMES) {
    const values = facets[facet] ?? [];
    if (values.length > 0) whereFacet(condition, facet, values);
  }
  if (from !== undefined) whereValue(condition, 'e.canonical_time >= ?', from);
  if (to !== undefined) whereValue(condition, 'e.canonical_time < ?', to);
  return condition;
}
