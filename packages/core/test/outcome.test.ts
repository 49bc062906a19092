import fc from 'fast-check';
import { type Attempt, decideOutcome, type Ending } from '../src/adapter.js';
import { pathMatcher } from '../src/attempt/pattern.js';
import { actionMatcher } from '../src/attempt/routes.js';

const none = pathMatcher([]);
const base: Attempt = {
  action: 'user.login',
  startedAt: 0,
  duration: 1,
  path: '/login',
  ending: { kind: 'answered', status: 200 },
  signs: { before: undefined, after: undefined, userAppeared: false },
  cameWithCookie: false,
  cameWithBearer: false,
};
const answered = (status: number, more: object = {}): Ending => ({ kind: 'answered', status, ...more });
const owned = { id: 's1', owner: 'u1' };
const anonymous = { id: 's0' };

test.each<[string, Partial<Attempt>, object]>([
  [
    'a marker outweighs all',
    { mark: { outcome: 'failure', reason: 'mfa_failed' }, signs: { before: undefined, after: owned, userAppeared: true } },
    { outcome: 'failure', reason: 'mfa_failed', evidence: 'marker' },
  ],
  [
    'a new session with an owner',
    { signs: { before: undefined, after: owned, userAppeared: true } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'an anonymous session that got an owner',
    { signs: { before: anonymous, after: { ...anonymous, owner: 'u1' }, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'another owner',
    { signs: { before: owned, after: { ...owned, owner: 'u2' }, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'the same owner in a new session',
    { signs: { before: owned, after: { ...owned, id: 's2' }, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'an established session counts over a crash',
    { ending: answered(500), signs: { before: anonymous, after: owned, userAppeared: true } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'and over an abort',
    { ending: { kind: 'aborted' }, signs: { before: anonymous, after: owned, userAppeared: true } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'a session from before is none',
    { ending: answered(401), signs: { before: owned, after: owned, userAppeared: true } },
    { outcome: 'failure', evidence: 'status' },
  ],
  [
    'an unseen session with a cookie is none',
    { ending: answered(401), cameWithCookie: true, signs: { before: 'unseen', after: owned, userAppeared: false } },
    { outcome: 'failure' },
  ],
  [
    'an unseen session without a cookie is one',
    { ending: answered(302), signs: { before: 'unseen', after: owned, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'a user of a bearer token is none',
    { ending: answered(302, { location: '/x' }), cameWithBearer: true, signs: { before: undefined, after: undefined, userAppeared: true } },
    { outcome: 'unknown', evidence: 'redirect' },
  ],
  [
    'a user with 401 is none',
    { ending: answered(401), signs: { before: undefined, after: undefined, userAppeared: true } },
    { outcome: 'failure' },
  ],
  [
    'a user who is sent to an error is none',
    { ending: answered(302, { location: '/?error=1' }), signs: { before: undefined, after: undefined, userAppeared: true } },
    { outcome: 'failure', evidence: 'redirect' },
  ],
  ['aborted', { ending: { kind: 'aborted' } }, { outcome: 'failure', reason: 'aborted', evidence: 'aborted' }],
  [
    'redirect to another site with an error',
    { ending: answered(303, { location: 'https://id.example/cb?error=access_denied' }) },
    { outcome: 'failure' },
  ],
  ['redirect to another site', { ending: answered(303, { location: 'https://id.example' }) }, { outcome: 'unknown' }],
  ['redirect to the path it came from', { path: '/t/a/enter', ending: answered(302, { location: '/t/a/enter' }) }, { outcome: 'failure' }],
  ['304 is no redirect', { ending: answered(304) }, { outcome: 'unknown', evidence: 'status' }],
  [
    'a page with 200, sessions, nobody logged in',
    {
      ending: answered(200, { contentType: 'text/html; charset=utf-8' }),
      signs: { before: undefined, after: anonymous, userAppeared: false },
    },
    { outcome: 'unknown', evidence: 'status' },
  ],
  [
    'JSON with 200, sessions, nobody logged in',
    { ending: answered(200, { contentType: 'application/json' }), signs: { before: undefined, after: anonymous, userAppeared: false } },
    { outcome: 'success', evidence: 'status' },
  ],
  ['503', { ending: answered(503) }, { outcome: 'failure', reason: 'server_error' }],
  [
    'a body rule counts over the status',
    { ruled: { outcome: 'failure', reason: 'wrong_password' } },
    { outcome: 'failure', reason: 'wrong_password', evidence: 'body' },
  ],
  [
    'a body rule counts over a redirect to somewhere',
    { ruled: { outcome: 'success' }, ending: answered(302, { location: '/' }) },
    { outcome: 'success', evidence: 'body' },
  ],
  [
    'a redirect to an error counts over a body rule',
    { ruled: { outcome: 'success' }, ending: answered(302, { location: '/?error' }) },
    { outcome: 'failure', evidence: 'redirect' },
  ],
  [
    'a session counts over a body rule',
    { ruled: { outcome: 'failure' }, signs: { before: undefined, after: owned, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'logout: the session lost its owner',
    {
      action: 'user.logout',
      ending: answered(302, { location: '/login' }),
      signs: { before: owned, after: anonymous, userAppeared: false },
    },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'logout of nobody',
    {
      action: 'user.logout',
      ending: answered(302, { location: '/login' }),
      signs: { before: anonymous, after: anonymous, userAppeared: false },
    },
    { outcome: 'unknown', evidence: 'redirect' },
  ],
  ['logout without sessions', { action: 'user.logout', ending: answered(204) }, { outcome: 'success', evidence: 'status' }],
  [
    'a password change keeps its session and is decided by the status',
    { action: 'user.password.change', ending: answered(403), signs: { before: owned, after: owned, userAppeared: true } },
    { outcome: 'failure', evidence: 'status' },
  ],
  [
    'a refresh renews the session',
    { action: 'user.session.refresh', ending: answered(302), signs: { before: owned, after: { ...owned, id: 's2' }, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
  [
    'an impersonation changes the owner',
    {
      action: 'user.impersonate.start',
      ending: answered(302),
      signs: { before: owned, after: { ...owned, owner: 'u2' }, userAppeared: false },
    },
    { outcome: 'success', evidence: 'session' },
  ],
  ['a challenge that was sent', { action: 'user.login.challenge' }, { outcome: 'challenge', evidence: 'status' }],
  ['a challenge that was not met', { action: 'user.login.challenge', ending: answered(401) }, { outcome: 'failure', reason: 'mfa_failed' }],
  [
    'a challenge that was met',
    { action: 'user.login.challenge', signs: { before: anonymous, after: owned, userAppeared: false } },
    { outcome: 'success', evidence: 'session' },
  ],
])('%s', (_name, more, expected) => expect(decideOutcome({ ...base, ...more })).toMatchObject(expected));

test('what the application says of its redirects counts first: failure, then challenge, then success', () => {
  const rules = { success: pathMatcher(['/', '/login/mfa']), failure: pathMatcher(['/sorry']), challenge: pathMatcher(['/step/:n']) };
  const outcomeOf = (location: string): string => decideOutcome({ ...base, ending: answered(302, { location }) }, rules).outcome;
  expect(['/', '/login/mfa', '/sorry?x=1', '/step/2', '/other', 'https://app.example/'].map(outcomeOf)).toEqual([
    'success',
    'success',
    'failure',
    'challenge',
    'unknown',
    'success',
  ]);
});

test('nothing is a success without evidence, and a megabyte of location is read in no time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 599 }), fc.webUrl({ withQueryParameters: true }), (status, location) => {
      expect(
        decideOutcome({ ...base, ending: answered(status, { location }) }, { success: none, failure: none, challenge: none }).outcome,
      ).not.toBe('success');
    }),
  );
  expect(decideOutcome({ ...base, ending: answered(302, { location: `/${'error'.repeat(2e5)}` }) }).evidence).toBe('redirect');
});

test.each<[string[] | undefined, string, string, boolean]>([
  [undefined, 'POST', '/login', true],
  [undefined, 'POST', '/api/v1/Sign-In/', true],
  [undefined, 'POST', '/session', true],
  [undefined, 'GET', '/login', false],
  [undefined, 'POST', '/login/form', false],
  [undefined, 'POST', '/relogin', false],
  [undefined, 'POST', '/', false],
  [['/enter'], 'POST', '/enter/', true],
  [['/enter'], 'POST', '/login', false],
  [['PUT /t/:tenant/token', 'GET /oauth/*rest'], 'PUT', '/t/acme/token', true],
  [['PUT /t/:tenant/token', 'GET /oauth/*rest'], 'GET', '/oauth/a/b', true],
  [['PUT /t/:tenant/token', 'GET /oauth/*rest'], 'POST', '/oauth/a/b', false],
])('routes %j: %s %s is %s', (routes, method, path, expected) =>
  expect(actionMatcher(routes)(method, path)).toBe(expected ? 'user.login' : undefined),
);

test('rules count before routes, the first before the others', () => {
  const actionOf = actionMatcher(
    ['/session'],
    [
      { match: 'POST /session', action: 'user.session.refresh' },
      { match: 'DELETE /session', action: 'user.logout' },
      { match: '/session', action: 'user.password.reset' },
    ],
  );
  expect(['POST', 'DELETE', 'GET'].map((method) => actionOf(method, '/session'))).toEqual([
    'user.session.refresh',
    'user.logout',
    undefined,
  ]);
  expect(actionMatcher(undefined, [{ match: '/logout', action: 'user.logout' }])('POST', '/login')).toBe('user.login');
});
