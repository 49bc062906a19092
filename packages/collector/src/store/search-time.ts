const ISO = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?)?)?$/i;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/;

/**
 * Reads a time of a search as the real server does: ISO 8601 or its beginning (`2025-03`), or `03/04/2025`. It is UTC unless it has an offset.
 *
 * @param text the text
 * @returns milliseconds since 1970; undefined if it is no time
 */
export function readTime(text: string): number | undefined {
  const american = AMERICAN.exec(text);
  if (american) return timeOf(american[3]!, american[1]!.padStart(2, '0'), american[2]!.padStart(2, '0'), '00:00', 'Z');
  const iso = ISO.exec(text);
  return iso ? timeOf(iso[1]!, iso[2] ?? '01', iso[3] ?? '01', iso[4] ?? '00:00', iso[5] ?? 'Z') : undefined;
}

function timeOf(year: string, month: string, day: string, clock: string, offset: string): number | undefined {
  // Date takes days that the month does not have as days of the next one.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).toISOString().startsWith(`${year}-${month}-${day}`);
  const time = Date.parse(`${year}-${month}-${day}T${clock}${offset.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`);
  return isDay && !Number.isNaN(time) ? time : undefined;
}
