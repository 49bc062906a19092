import fc from 'fast-check';
import type { Attempt } from '../src/adapter.js';
import { decideOutcome } from '../src/attempt/outcome.js';
import { redirectRules } from '../src/attempt/redirects.js';
import { answered } from './attempts.js';

const owned = { id: 's1', owner: 'u1' };
const anonymous = { id: 's0' };
const got = (after: object, before: object | undefined = undefined): Partial<Attempt> => ({ session: { before, after } });
const redirected = (location: string, more: Partial<Attempt> = {}): Attempt =>
  answered(302, { ending: { kind: 'answered', status: 302, location }, ...more });
const given = { answer: { credential: { account: { id: 'u1' } } } };
const typed = { identity: 'u1', identityIsPassword: false, hasPassword: true, carriesCredential: true };
const nothingTyped = { identityIsPassword: false, hasPassword: false, carriesCredential: false };

/** A name, an attempt, and the decision as `outcome evidence reason`. */
type Row = [name: string, attempt: Attempt, expected: string];

const tables: Record<string, Row[]> = {
  'a marker': [
    ['outweighs all', answered(200, { mark: { outcome: 'failure', reason: 'mfa_failed' }, ...got(owned) }), 'failure marker mfa_failed'],
    ['counts over a status', answered(403, { mark: { outcome: 'success' } }), 'success marker'],
    ['counts over a rule', answered(200, { mark: { outcome: 'success' }, rule: { outcome: 'failure' } }), 'success marker'],
  ],
  'a rule of the application': [
    [
      'counts over a session',
      answered(200, { rule: { outcome: 'failure', reason: 'account_locked' }, ...got(owned) }),
      'failure body account_locked',
    ],
    ['says success', answered(200, { rule: { outcome: 'success' } }), 'success body'],
    ['says success on a 500', answered(500, { rule: { outcome: 'success' } }), 'unknown body,status server_error'],
    ['says failure on a 500', answered(500, { rule: { outcome: 'failure' } }), 'failure body'],
    ['says unknown', answered(200, { rule: { outcome: 'unknown' }, ...got(owned) }), 'unknown body'],
    [
      'outranks the public shape of the same body',
      answered(200, { rule: { outcome: 'success' }, answer: { shape: 'failure' } }),
      'success body',
    ],
  ],
  'the verdict of a library': [
    ['success', answered(302, { verdict: { library: 'passport', outcome: 'success' } }), 'success passport'],
    ['failure behind a redirect', redirected('/', { verdict: { library: 'passport', outcome: 'failure' } }), 'failure passport'],
    ['success behind 403', answered(403, { verdict: { library: 'passport', outcome: 'success' } }), 'unknown passport,status'],
    ['success and a second factor', redirected('/mfa', { verdict: { library: 'passport', outcome: 'success' } }), 'challenge redirect'],
  ],
  'a session': [
    ['new, with an owner', answered(302, got(owned)), 'success session'],
    ['anonymous, that got an owner', answered(302, got({ ...anonymous, owner: 'u1' }, anonymous)), 'success session'],
    ['with another owner', answered(302, got({ ...owned, owner: 'u2' }, owned)), 'success session'],
    ['of the same owner with a new id', answered(302, got({ ...owned, id: 's2' }, owned)), 'unknown status'],
    [
      'of the same owner with a new id, whose name was typed',
      answered(302, { ...got({ ...owned, id: 's2' }, owned), form: typed }),
      'success session',
    ],
    ['of the same owner', answered(401, got(owned, owned)), 'failure status invalid_credentials'],
    ['that was not saved', answered(302, { session: { before: undefined, after: owned, isSaved: false } }), 'unknown status'],
    [
      'that nobody saw before, with a cookie',
      answered(302, { session: { before: 'unseen', after: owned }, credentials: { cookie: true, header: false } }),
      'unknown status',
    ],
    ['that nobody saw before, without a cookie', answered(302, { session: { before: 'unseen', after: owned } }), 'success session'],
    ['behind 403', answered(403, got(owned)), 'unknown session,status'],
    ['behind a crash', answered(500, got(owned)), 'unknown session,status server_error'],
    ['behind a redirect to an error', redirected('/?error=role', got(owned)), 'unknown session,redirect invalid_credentials'],
    [
      'behind an answer that says no',
      answered(200, { ...got(owned), answer: { shape: 'failure' } }),
      'unknown session,body invalid_credentials',
    ],
    ['and a hang-up', answered(200, { ...got(owned), ending: { kind: 'aborted' } }), 'success session'],
    ['and a second factor in the body', answered(200, { ...got(owned), answer: { shape: 'challenge' } }), 'challenge body'],
  ],
  'a credential in the answer': [
    ['handed out', answered(200, given), 'success credential'],
    ['beside 401', answered(401, given), 'unknown credential,status invalid_credentials'],
    ['taken back by a logout', answered(302, { answer: { isTakenBack: true }, action: 'user.logout' }), 'success credential'],
    ['taken back by a login', answered(302, { answer: { isTakenBack: true } }), 'unknown status'],
    [
      'taken back beside 401',
      answered(401, { answer: { isTakenBack: true }, action: 'user.logout' }),
      'failure status invalid_credentials',
    ],
    ['of a refresh', answered(200, { ...given, action: 'user.session.refresh' }), 'success credential'],
    ['of a password change', answered(200, { ...given, action: 'user.password.change' }), 'success status'],
  ],
  "the framework's user": [
    ['appeared', answered(302, { userAppeared: true }), 'success user'],
    ['is explained by a cookie', answered(302, { userAppeared: true, credentials: { cookie: true, header: false } }), 'unknown status'],
    [
      'is explained by a token',
      answered(302, { userAppeared: true, credentials: { cookie: false, header: false, authorization: 'bearer' } }),
      'unknown status',
    ],
    ['is explained by a key', answered(302, { userAppeared: true, credentials: { cookie: false, header: true } }), 'unknown status'],
    [
      'is checked by Basic here',
      answered(200, { userAppeared: true, credentials: { cookie: false, header: false, authorization: 'basic' }, form: nothingTyped }),
      'success user',
    ],
    ['is the client of a token request', answered(403, { userAppeared: true, form: { ...typed, namesClient: true } }), 'failure status'],
    ['behind 401', answered(401, { userAppeared: true }), 'unknown user,status invalid_credentials'],
  ],
  'a redirect': [
    ['to the login page', redirected('/login'), 'failure redirect invalid_credentials'],
    ['to another login page', redirected('https://app.example/auth/sign-in'), 'failure redirect invalid_credentials'],
    ['to an error of another site', redirected('https://id.example/cb?error=access_denied'), 'failure redirect invalid_credentials'],
    ['to an error in the fragment', redirected('/#error=denied'), 'failure redirect invalid_credentials'],
    ['to an error that the client chose', redirected('/app?err=0', { target: '/login?returnTo=%2Fapp%3Ferr%3D0' }), 'unknown status'],
    ['to a login page that the client chose', redirected('/login', { target: '/login?returnTo=%2Flogin' }), 'unknown status'],
    ['to a second factor', redirected('/settings/2fa'), 'challenge redirect'],
    ['to a word that looks like a failure', redirected('/account-locked'), 'unknown status'],
    ['to jobs that failed', redirected('/admin/failed-jobs'), 'unknown status'],
    ['to anywhere', redirected('/home'), 'unknown status'],
    ['304 is none', answered(304, { ending: { kind: 'answered', status: 304, location: '/login' } }), 'unknown status'],
  ],
  'the public shape of a body': [
    ['success', answered(200, { answer: { shape: 'success' } }), 'success body'],
    ['failure', answered(200, { answer: { shape: 'failure' } }), 'failure body invalid_credentials'],
    ['failure behind 400', answered(400, { answer: { shape: 'failure' } }), 'failure body invalid_credentials'],
    ['failure behind 429', answered(429, { answer: { shape: 'failure' } }), 'failure body rate_limited'],
    ['failure behind 500', answered(500, { answer: { shape: 'failure' } }), 'failure body server_error'],
    ['both', answered(200, { answer: { shape: 'contradiction' } }), 'unknown body'],
    ['success behind 500', answered(500, { answer: { shape: 'success' } }), 'unknown body,status server_error'],
  ],
  'a status': [
    ['200 proves nothing', answered(200), 'unknown status'],
    ['302 proves nothing', answered(302), 'unknown status'],
    ['401', answered(401), 'failure status invalid_credentials'],
    ['423', answered(423), 'failure status account_locked'],
    ['429', answered(429), 'failure status rate_limited'],
    ['503', answered(503), 'failure status server_error'],
    ['401 to a second factor', answered(401, { action: 'user.login.challenge' }), 'failure status mfa_failed'],
    ['200 to a second factor', answered(200, { action: 'user.login.challenge' }), 'unknown status'],
    [
      'the first leg of a negotiation',
      answered(401, { ending: { kind: 'answered', status: 401, authenticate: 'Negotiate' }, form: nothingTyped }),
      'challenge status',
    ],
    [
      'a further leg',
      answered(401, {
        ending: { kind: 'answered', status: 401, authenticate: 'Negotiate bW9yZQ==' },
        credentials: { cookie: false, header: false, authorization: 'negotiate' },
      }),
      'challenge status',
    ],
    [
      'a wrong answer to Digest',
      answered(401, {
        ending: { kind: 'answered', status: 401, authenticate: 'Digest realm="r", nonce="n"' },
        credentials: { cookie: false, header: false, authorization: 'digest' },
        form: nothingTyped,
      }),
      'failure status invalid_credentials',
    ],
  ],
  'an exchange that was aborted': [
    ['of which nothing is known', answered(0, { ending: { kind: 'aborted' } }), 'unknown aborted aborted'],
    ['that the handler had refused', answered(401, { ending: { kind: 'aborted', status: 401 } }), 'failure status invalid_credentials'],
  ],
  'other actions': [
    ['logout: the session lost its owner', redirected('/login', { action: 'user.logout', ...got(anonymous, owned) }), 'success session'],
    ['logout of nobody', redirected('/login', { action: 'user.logout', ...got(anonymous, anonymous) }), 'unknown status'],
    ['logout without sessions', answered(204, { action: 'user.logout' }), 'success status'],
    ['a password change that is refused', answered(403, { action: 'user.password.change', ...got(owned, owned) }), 'failure status'],
    [
      'a refresh renews the session',
      answered(302, { action: 'user.session.refresh', ...got({ ...owned, id: 's2' }, owned) }),
      'success session',
    ],
    [
      'an impersonation changes the owner',
      answered(302, { action: 'user.impersonate.start', ...got({ ...owned, owner: 'u2' }, owned) }),
      'success session',
    ],
    [
      'a second factor that was met',
      answered(302, { action: 'user.login.challenge', ...got({ ...anonymous, owner: 'u1' }, anonymous) }),
      'success session',
    ],
  ],
};

describe.each(Object.entries(tables))('%s', (_kind, rows) => {
  it.each(rows)('%s', (_name, attempt, expected) => {
    const { outcome, evidence, reason } = decideOutcome(attempt);
    expect([outcome, evidence.join(','), reason].filter((part) => part !== undefined).join(' ')).toBe(expected);
  });
});

it('names the evidence that contradicts the decision', () => {
  const { contrary } = decideOutcome(answered(403, { mark: { outcome: 'success' }, ...got(owned) }));
  expect(contrary.map(({ evidence, says }) => `${evidence}:${says}`)).toEqual(['status:failure']);
});

it('names the account of the evidence, even if nothing could be decided', () => {
  expect(decideOutcome(answered(403, got({ ...owned, name: 'One' }))).account).toEqual({ id: 'u1', name: 'One' });
  expect(decideOutcome(answered(401, got(owned, owned))).account).toBeUndefined();
});

it('follows the redirect rules of the application, failure before challenge before success', () => {
  const rules = redirectRules({ success: ['/', '/login/mfa'], failure: ['/sorry'], challenge: ['/step/:n'] });
  const outcomeOf = (location: string): string => decideOutcome(redirected(location, got(owned)), rules).outcome;
  expect(['/', '/login/mfa', '/sorry?x=1', '/step/2', 'https://app.example/'].map(outcomeOf)).toEqual([
    'success',
    'success',
    'failure',
    'challenge',
    'success',
  ]);
});

it('never reads a status or a redirect alone as a success', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), fc.webUrl({ withQueryParameters: true }), (status, location) => {
      expect(decideOutcome(answered(status, { ending: { kind: 'answered', status, location } })).outcome).not.toBe('success');
    }),
  );
});

it('reads a location of a megabyte', () => {
  expect(decideOutcome(redirected(`/${'error'.repeat(2e5)}`)).outcome).toBe('unknown');
});
