import { z } from 'zod';
import { type Condition, readQuery } from './search.js';

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

const COLUMNS = { outcome: 'e.outcome', reason: 'e.reason', actor: 'e.account', group: 'e.group_id', address: 'e.address' } as const;

/**
 * Turns filters into a condition.
 *
 * @param filters the filters
 * @throws QueryError when the query cannot be read
 */
export function conditionOf({ query, from, to, ...filters }: Filters): Condition {
  const condition = readQuery(query ?? '');
  for (const [name, column] of Object.entries(COLUMNS)) {
    const values = filters[name as keyof typeof COLUMNS] ?? [];
    if (values.length === 0) continue;
    condition.where.push(`${column} IN (${values.map(() => '?').join(', ')})`);
    condition.values.push(...values);
  }
  if (from !== undefined) add(condition, 'e.canonical_time >= ?', from);
  if (to !== undefined) add(condition, 'e.canonical_time < ?', to);
  return condition;
}

function add(condition: Condition, where: string, value: number): void {
  condition.where.push(where);
  condition.values.push(value);
}
