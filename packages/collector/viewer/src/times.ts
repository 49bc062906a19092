/** How times are shown. */
export type Zone = 'local' | 'utc';

/** The name of a zone, with its offset now. */
export function zoneName(zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' }).formatToParts(new Date());
  return `${timeZone} (${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''})`;
}

/** A time as `2026-11-23 09:15:02.123`. */
export function showTime(time: number, zone: Zone, isExact = true): string {
  const shifted = zone === 'utc' ? time : time - new Date(time).getTimezoneOffset() * 60_000;
  return new Date(shifted)
    .toISOString()
    .replace('T', ' ')
    .slice(0, isExact ? 23 : 19);
}

/** A time as short as a span of a timeline allows. */
export function showSpan(time: number, step: number, zone: Zone): string {
  const text = showTime(time, zone);
  if (step >= 86_400_000) return text.slice(0, 10);
  return step >= 60_000 ? text.slice(5, 16) : text.slice(11, 19);
}

/** How long ago something was. */
export function showAgo(time: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3_600 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3_600)} h ago`;
}
