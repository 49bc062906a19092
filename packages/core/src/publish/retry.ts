const LONGEST_RETRY_AFTER = 300_000;
const SHORTEST_RETRY_AFTER = 1_000;

/** Bounds of the back-off, in milliseconds. */
export interface BackoffBounds {
  min: number;
  max: number;
}

/**
 * The wait before the next try: a random share (full jitter) of a bound that doubles with every failure.
 *
 * @param failures number of consecutive failures, 1 or more
 * @param bounds bound after the first failure, and the upper limit of the bound
 * @param random random number from 0 to 1
 * @returns milliseconds
 */
export function backoff(failures: number, bounds: BackoffBounds, random: number = Math.random()): number {
  const bound = Math.min(bounds.max, bounds.min * 2 ** Math.min(failures - 1, 30));
  return Math.round(bound * random);
}

/**
 * Reads a `Retry-After` header, which holds seconds or an HTTP date (RFC 9110, section 10.2.3), and limits it to 1 to 300 s.
 *
 * @param header the header's value
 * @param now milliseconds since 1970
 * @returns milliseconds; undefined if the header is absent or invalid
 */
export function parseRetryAfter(header: string | undefined, now: number = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim().slice(0, 64);
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (Number.isNaN(wait)) return undefined;
  return Math.min(LONGEST_RETRY_AFTER, Math.max(SHORTEST_RETRY_AFTER, wait));
}
