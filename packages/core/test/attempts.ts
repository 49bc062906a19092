import type { Attempt } from '../src/adapter.js';

/**
 * An attempt with a response and without any other evidence.
 *
 * @param status status of the response
 * @param more further attributes
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
