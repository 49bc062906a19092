/** The time zone in which times are shown. */
export type Zone = 'local' | 'utc';

/** The name of a time zone with its current offset. */
export function zoneName(zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' }).formatToParts(new Date());
  return `${timeZone} (${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''})`;
}

/** Formats a time as `2026-11-23 09:15:02.123`. */
export function showTime(time: number, zone: Zone, isExact = true): string {
  const shifted = zone === 'utc' ? time : time - new Date(time).getTimezoneOffset() * 60_000;
  return new Date(shifted)
    .toISOString()
    .replace('T', ' ')
    .slice(0, isExact ? 23 : 19);
}

/** Formats the start of a timeline span, without the parts that are the same in all spans of its length. */
export function showSpan(time: number, step: number, zone: Zone): string {
  const text = showTime(time, zone);
  if (step >= 86_400_000) return text.slice(0, 10);
  return step >= 60_000 ? text.slice(5, 16) : text.slice(11, 19);
}

/** Formats how long ago a time was. */
export function showAgo(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3_600 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3_600)} h ago`;
}
