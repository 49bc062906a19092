import { FACET_NAMES, type FacetName } from '@auditlogin/core/browser';

/** What the log is narrowed by; an empty text is no bound. It stands in the address of the page, so that a view can be kept and passed on. */
export interface Filters extends Record<FacetName, string> {
  query: string;
  /** A length such as `24h`, or `all`; empty when `from` and `to` hold. */
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

/** No query, and any value of each facet. */
export const NOT_NARROWED = {
  query: '',
  ...(Object.fromEntries(FACET_NAMES.map((name) => [name, ''])) as Record<FacetName, string>),
};
const DEFAULTS: Filters = { ...NOT_NARROWED, range: '24h', from: '', to: '' };

/** The filters in the query of an address. */
export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const filters = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Filters)[]) filters[name] = given.get(name) ?? DEFAULTS[name];
  if (filters.from !== '' || filters.to !== '') filters.range = '';
  return filters;
}

/** The query of an address for filters. */
export function writeFilters(filters: Filters): string {
  const changed = Object.entries(filters).filter(([name, value]) => value !== DEFAULTS[name as keyof Filters]);
  return changed.length === 0 ? '' : `?${new URLSearchParams(changed)}`;
}

/** The query that the collector is asked. */
export function toQuery({ range, from, to, ...filters }: Filters, now: number): URLSearchParams {
  const length = RANGES.find(([name]) => name === range)?.[2];
  const start = length === undefined ? from : new Date(now - length).toISOString();
  return new URLSearchParams(Object.entries({ ...filters, from: start, to }).filter(([, value]) => value !== ''));
}

/** Whether events that arrive now can be among those that are shown. */
export function isOpenEnded({ to }: Filters): boolean {
  return to === '';
}

/** Whether anything but the time is narrowed. */
export function isNarrowed(filters: Filters): boolean {
  return (Object.keys(NOT_NARROWED) as (keyof typeof NOT_NARROWED)[]).some((name) => filters[name] !== '');
}
