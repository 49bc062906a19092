const LONGEST_RETRY_AFTER = 300_000;
const SHORTEST_RETRY_AFTER = 1_000;

/** The bounds of the back-off, in milliseconds. */
export interface BackoffBounds {
  min: number;
  max: number;
}

/**
 * How long to wait before the next try: full jitter below a bound that doubles with every failure.
 *
 * @param failures how many tries failed in a row, 1 or more
 * @param bounds the first and the last bound, in milliseconds
 * @param random 0 to 1
 * @returns milliseconds
 */
export function backoff(failures: number, bounds: BackoffBounds, random: number = Math.random()): number {
  const bound = Math.min(bounds.max, bounds.min * 2 ** Math.min(failures - 1, 30));
  return Math.round(bound * random);
}

/**
 * Reads a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3), held to 1 to 300 s.
 *
 * @param header the header's value
 * @param now milliseconds since 1970
 * @returns milliseconds, or undefined when the header is absent or makes no sense
 */
export function parseRetryAfter(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim().slice(0, 64);
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(wait)) return undefined;
  return Math.min(LONGEST_RETRY_AFTER, Math.max(SHORTEST_RETRY_AFTER, wait));
}
