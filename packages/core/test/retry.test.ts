import { backoff, parseRetryAfter } from '../src/publish/retry.js';

it('waits a random time below a bound that doubles up to its limit', () => {
  const bounds = { min: 500, max: 60_000 };
  expect([1, 2, 3, 8, 500].map((failures) => backoff(failures, bounds, 1))).toEqual([500, 1000, 2000, 60_000, 60_000]);
  expect(backoff(5, bounds, 0)).toBe(0);
});

const now = Date.UTC(2026, 0, 1);
it.each([
  ['5', 5_000],
  ['0', 1_000],
  ['99999', 300_000],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 1_000],
  ['soon', undefined],
  [undefined, undefined],
])('reads Retry-After: %s', (header, expected) => expect(parseRetryAfter(header, now)).toBe(expected));
