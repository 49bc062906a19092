import type { Reason } from '../src/attempt/attempt.js';
import { errorOf, failureOf, strategyTraits, successOf } from '../src/adapter/passport-verdict.js';

const named = (...names: string[]): ReturnType<typeof strategyTraits> => strategyTraits(names, {});
const local = named('local', 'Strategy');

describe('what a strategy is', () => {
  it.each([
    ['local', 'password'],
    ['login', undefined],
    ['ldapauth', 'ldap'],
    ['LDAPStrategy', 'ldap'],
    ['google', 'oauth'],
    ['OAuth2Strategy', 'oauth'],
    ['openidconnect', 'oidc'],
    ['OpenIDConnectStrategy', 'oidc'],
    ['OIDCStrategy', 'oidc'],
    ['saml', 'saml'],
    ['MultiSamlStrategy', 'saml'],
    ['magiclogin', 'magic_link'],
    ['magic-token', 'magic_link'],
    ['WebAuthnStrategy', 'webauthn'],
    ['totp', 'totp'],
    ['remember-me', 'remember_me'],
  ])('%s logs somebody in, by %s', (name, method) => {
    expect(named(name)).toEqual({ recognises: false, everywhere: false, method });
  });

  it.each([
    'jwt',
    'JwtStrategy',
    'JWTStrategy',
    'jwt-refresh',
    'bearer',
    'HeaderAPIKeyStrategy',
    'localapikey',
    'headerapikey',
    'api-key',
    'session',
    'anonymous',
    'cookie',
    'token',
    'oauth-bearer',
  ])('%s only recognises an earlier login', (name) => {
    expect(named(name).recognises).toBe(true);
  });

  it.each(['basic', 'BasicStrategy', 'digest', 'negotiate', 'google-token', 'FacebookTokenStrategy'])(
    '%s checks a credential that comes with every request',
    (name) => {
      expect(named(name)).toMatchObject({ recognises: false, everywhere: true });
    },
  );

  it('recognises the method of a provider by the properties of its strategy', () => {
    expect(strategyTraits(['acme'], { _oauth2: {} }).method).toBe('oauth');
    expect(strategyTraits(['acme-session'], { _saml: {} })).toEqual({ recognises: false, everywhere: false, method: 'saml' });
  });

  it('uses the class if the name says nothing', () => {
    expect(named('api', 'jwt', 'MyStrategy', 'JwtStrategy', 'Strategy').recognises).toBe(true);
  });
});

describe('why a strategy refused', () => {
  it.each<[unknown, Reason]>([
    [undefined, 'invalid_credentials'],
    [{ message: 'Missing credentials' }, 'invalid_credentials'],
    ['Incorrect username or password.', 'invalid_credentials'],
    [{ message: 'Invalid email/password' }, 'invalid_credentials'],
    [{ message: 'Incorrect password.' }, 'wrong_password'],
    [{ message: 'Password is not valid' }, 'wrong_password'],
    [{ name: 'IncorrectPasswordError', message: 'Password or username is incorrect' }, 'wrong_password'],
    [{ name: 'IncorrectUsernameError', message: 'Password or username is incorrect' }, 'user_not_found'],
    [{ message: 'Unknown user bob' }, 'user_not_found'],
    [{ message: 'No user found with that email.' }, 'user_not_found'],
    [{ code: 'user_not_found' }, 'user_not_found'],
    [{ message: 'Account is currently locked. Try again later' }, 'account_locked'],
    [{ name: 'TooManyAttemptsError', message: 'Account locked due to too many failed login attempts' }, 'rate_limited'],
    [{ message: 'Your account has been blocked' }, 'account_disabled'],
    [{ message: 'User disabled' }, 'account_disabled'],
    [{ message: 'Email not verified' }, 'account_disabled'],
    [{ message: 'Password expired' }, 'password_expired'],
    [{ message: 'Wrong OTP' }, 'mfa_failed'],
    ['Basic realm="locked accounts"', 'invalid_credentials'],
    [{ message: { toString: () => 'locked' } }, 'invalid_credentials'],
  ])('%j is %s', (challenge, reason) => {
    expect(failureOf(challenge, undefined, local)).toEqual({ library: 'passport', method: 'password', outcome: 'failure', reason });
  });

  it('reads the reason from the status', () => {
    expect(failureOf(undefined, 429, local).reason).toBe('rate_limited');
    expect(failureOf(undefined, 423, local).reason).toBe('account_locked');
  });

  it("copies nothing from the application's message", () => {
    expect(JSON.stringify(failureOf({ message: 'bob typed pw-canary-1: wrong password' }, 401, local))).not.toContain('canary');
  });

  it('reads the next leg of a negotiation as a challenge', () => {
    expect(failureOf('Negotiate oYGzMIGw', 401, named('negotiate'))).toMatchObject({ outcome: 'challenge', onLoginRoute: true });
  });

  it('distinguishes errors of a provider from errors of the server', () => {
    expect(errorOf(named('google')).reason).toBe('provider_error');
    expect(errorOf(local).reason).toBe('server_error');
  });
});

it('reads the account and the tenant of a success, and nothing else of the user', () => {
  const user = { id: 7, displayName: 'Ann', tenantId: 'acme', hash: 'pw-canary-1' };
  expect(successOf(user, local)).toEqual({
    library: 'passport',
    method: 'password',
    outcome: 'success',
    actor: { id: '7', name: 'Ann' },
    group: { id: 'acme' },
    factors: ['password'],
  });
});
