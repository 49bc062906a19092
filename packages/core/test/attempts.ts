import type { Attempt } from '../src/adapter.js';

/**
 * An attempt that was answered, and of which nothing else was seen.
 *
 * @param status of its answer
 * @param more what else there is to see
 */
export function answered(status: number, more: Partial<Attempt> = {}): Attempt {
  return {
    action: 'user.login',
    startedAt: Date.UTC(2026, 10, 23),
    duration: 1,
    path: '/login',
    ending: { kind: 'answered', status },
    signs: { before: undefined, after: undefined, userAppeared: false },
    cameWithCookie: false,
    cameWithBearer: false,
    ...more,
  };
}
