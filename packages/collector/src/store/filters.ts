import { z } from 'zod';
import { type Condition, whereFacet, whereValue } from './condition.js';
import { readQuery } from './search.js';

const text = z.string().max(1_024);
const time = z
  .string()
  .max(64)
  .refine((value) => !Number.isNaN(Date.parse(value)), 'expected a time in ISO 8601')
  .transform((value) => Date.parse(value));

/** One value, or several. */
const texts = z.union([text.transform((one) => [one]), z.array(text).max(50)]).transform((all) => all.filter((one) => one !== ''));

/** What the viewer narrows the log by. All of it must hold; several values of one filter are alternatives. */
export const filtersSchema = z.strictObject({
  /** In the API's search syntax. */
  query: text.optional(),
  outcome: texts.optional(),
  reason: texts.optional(),
  actor: texts.optional(),
  group: texts.optional(),
  address: texts.optional(),
  /** Of this time or later, in ISO 8601. */
  from: time.optional(),
  /** Before this time, in ISO 8601. */
  to: time.optional(),
});

/** Filters that were read. */
export type Filters = z.output<typeof filtersSchema>;

const FACETS = { outcome: 'outcome', reason: 'reason', actor: 'account', group: 'group', address: 'address' } as const;

/**
 * Turns filters into a condition.
 *
 * @param filters the filters
 * @throws QueryError when the query cannot be read
 */
export function conditionOf({ query, from, to, ...filters }: Filters): Condition {
  const condition = readQuery(query ?? '');
  for (const [name, facet] of Object.entries(FACETS)) {
    const values = filters[name as keyof typeof FACETS] ?? [];
    if (values.length > 0) whereFacet(condition, facet, values);
  }
  if (from !== undefined) whereValue(condition, 'e.canonical_time >= ?', from);
  if (to !== undefined) whereValue(condition, 'e.canonical_time < ?', to);
  return condition;
}
