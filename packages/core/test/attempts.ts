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
    foundBy: 'route',
    startedAt: Date.UTC(2026, 10, 23),
    duration: 1,
    path: '/login',
    target: '/login',
    ending: { kind: 'answered', status },
    session: { before: undefined, after: undefined },
    userAppeared: false,
    credentials: { cookie: false, header: false },
    answer: {},
    form: { identityIsPassword: false, hasPassword: true, carriesCredential: true },
    ...more,
  };
}
