import { FACET_NAMES, type FacetName } from '@auditlogin/core/browser';

/** The filters of the log; an empty string does not filter. They are part of the page's address, so that a view can be saved and shared. */
export interface Filters extends Record<FacetName, string> {
  query: string;
  /** A length such as `24h`, or `all`; empty if `from` and `to` apply. */
  range: string;
  /** In ISO 8601. */
  from: string;
  to: string;
}

export const RANGES: readonly [name: string, label: string, length: number][] = [
  ['15m', 'Last 15 minutes', 900_000],
  ['1h', 'Last hour', 3_600_000],
  ['24h', 'Last 24 hours', 86_400_000],
  ['7d', 'Last 7 days', 604_800_000],
  ['30d', 'Last 30 days', 2_592_000_000],
];

/** Filters without a query and without any facet value. */
export const NOT_NARROWED = {
  query: '',
  ...(Object.fromEntries(FACET_NAMES.map((name) => [name, ''])) as Record<FacetName, string>),
};
const DEFAULTS: Filters = { ...NOT_NARROWED, range: '24h', from: '', to: '' };

/** Reads the filters from the query of an address. */
export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const filters = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Filters)[]) filters[name] = given.get(name) ?? DEFAULTS[name];
  if (filters.from !== '' || filters.to !== '') filters.range = '';
  return filters;
}

/** Writes filters as the query of an address. */
export function writeFilters(filters: Filters): string {
  const changed = Object.entries(filters).filter(([name, value]) => value !== DEFAULTS[name as keyof Filters]);
  return changed.length === 0 ? '' : `?${new URLSearchParams(changed)}`;
}

/** Converts filters to the query of a request to the collector. */
export function toQuery({ range, from, to, ...filters }: Filters, now: number): URLSearchParams {
  const length = RANGES.find(([name]) => name === range)?.[2];
  const start = length === undefined ? from : new Date(now - length).toISOString();
  return new URLSearchParams(Object.entries({ ...filters, from: start, to }).filter(([, value]) => value !== ''));
}

/** Whether new events may match the filters. */
export function isOpenEnded({ to }: Filters): boolean {
  return to === '';
}

/** Whether there is a filter other than the time. */
export function isNarrowed(filters: Filters): boolean {
  return (Object.keys(NOT_NARROWED) as (keyof typeof NOT_NARROWED)[]).some((name) => filters[name] !== '');
}
