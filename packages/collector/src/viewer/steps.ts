const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 5, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((n) => n * DAY),
];
const MOST = 80;

/**
 * Chooses a round length for the bars of a timeline, so that there are at most eighty bars.
 *
 * @param span length of the timeline, in milliseconds
 * @returns length of a bar, in milliseconds
 */
export function stepFor(span: number): number {
  return STEPS.find((step) => span / step <= MOST) ?? Math.ceil(span / MOST / DAY) * DAY;
}
