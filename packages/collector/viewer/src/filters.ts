/** What the log is narrowed by; empty for no bound. It stands in the address, so that a view can be kept and passed on. */
export interface Filters {
  query: string;
  outcome: string;
  reason: string;
  actor: string;
  group: string;
  address: string;
  /** A length such as `24h`, `all`, or nothing when `from` and `to` hold. */
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

const EMPTY: Filters = { query: '', outcome: '', reason: '', actor: '', group: '', address: '', range: '24h', from: '', to: '' };

/** The filters of an address. */
export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const filters = { ...EMPTY };
  for (const name of Object.keys(EMPTY) as (keyof Filters)[]) filters[name] = given.get(name) ?? EMPTY[name];
  if (filters.from !== '' || filters.to !== '') filters.range = '';
  return filters;
}

/** The part of an address that stands for filters. */
export function writeFilters(filters: Filters): string {
  const changed = Object.entries(filters).filter(([name, value]) => value !== EMPTY[name as keyof Filters]);
  return changed.length === 0 ? '' : `?${new URLSearchParams(changed)}`;
}

/** What the collector is asked. */
export function toQuery({ range, from, to, ...filters }: Filters, now: number): URLSearchParams {
  const length = RANGES.find(([name]) => name === range)?.[2];
  const start = length === undefined ? from : new Date(now - length).toISOString();
  return new URLSearchParams(Object.entries({ ...filters, from: start, to }).filter(([, value]) => value !== ''));
}

/** Whether events that arrive now can be among what is shown. */
export function isOpenEnded({ to }: Filters): boolean {
  return to === '';
}

/** Whether anything but the time is narrowed. */
export function isNarrowed({ query, outcome, reason, actor, group, address }: Filters): boolean {
  return [query, outcome, reason, actor, group, address].some((value) => value !== '');
}
