import fc from 'fast-check';
import {
  accountInJson,
  clearsLogin,
  credentialInContent,
  credentialInCookies,
  credentialInHeader,
  shapeOf,
} from '../src/adapter/answer-facts.js';

const jwt = (claims: object): string => `${encode({ alg: 'HS256' })}.${encode(claims)}.c2lnbmF0dXJl`;
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const token = jwt({ sub: 'alice' });
const opaque = 'b3BhcXVlLXRva2VuLW5vYm9keS1rbm93cw';
const none = (): boolean => false;
const NOTHING = 'nothing';

type CookieRow = [name: string, setCookie: string[], cookie?: string | undefined, account?: string | undefined];

it.each<[string, unknown, string | undefined]>([
  ['token and user', { token: opaque, user: { id: 'alice' } }, 'alice'],
  ['camelCase', { accessToken: opaque, user: { id: 'alice', email: 'alice@example.com' } }, 'alice'],
  ['a number as id', { jwt: opaque, user: { id: 7 } }, '7'],
  ['_id', { token: opaque, user: { _id: '65f0c0ffee65f0c0ffee0001' } }, '65f0c0ffee65f0c0ffee0001'],
  ['uid', { token: opaque, account: { uid: 'u' } }, 'u'],
  ['userId in data', { data: { token: opaque, userId: 'u' } }, 'u'],
  ['the user one level up', { tokens: { access_token: opaque }, user: { id: 'alice' } }, 'alice'],
  ['the user two levels up', { user: { id: 'alice' }, tokens: { access: { token: opaque, expires: '2026' } } }, 'alice'],
  ['the nearest user', { user: { id: 'bob' }, result: { user: { id: 'alice' }, tokens: { token: opaque } } }, 'alice'],
  ['a token with its scheme', { success: true, token: `Bearer ${token}` }, 'alice'],
  ['the token in the user', { user: { id: 'alice', token: opaque } }, 'alice'],
  ['a sub', { refresh_token: token }, 'alice'],
  ['the sub of the id token', { access_token: opaque, id_token: token, token_type: 'Bearer', expires_in: 3600 }, 'alice'],
  ['in data', { data: { token: opaque, user: { id: 'alice' } } }, 'alice'],
  ['an answer of GraphQL', { data: { login: { accessToken: opaque, user: { id: 'alice' } } } }, 'alice'],
  ['a user before the sub', { token, user: { id: 'u-1' } }, 'u-1'],
  ['user_id beside the token', { token: opaque, user_id: 7 }, '7'],
  ['the account itself', { _id: 'a', name: 'Alice', email: 'alice@example.com', token: opaque }, 'a'],
  ['a customer', { token: opaque, customer: { id: 'cus_1' } }, 'cus_1'],
  ['Parse', { objectId: 'o1', username: 'alice', sessionToken: 'r:b3BhcXVlLXRva2Vu' }, 'o1'],
  ...['userId', 'user_id', 'uid', 'id', '_id', 'username', 'email'].map((claim): [string, unknown, string] => [
    `the claim ${claim}`,
    { token: jwt({ [claim]: 'alice', iat: 1 }) },
    'alice',
  ]),
  ['a signed user', { token: jwt({ user: { id: 'alice' } }) }, 'alice'],
  ['the sub before an id', { token: jwt({ id: 's-1', sub: 'alice' }) }, 'alice'],
  ['the id of a token', { id: 't-1', token: opaque, expires: 3600 }, undefined],
  ['a session that names nobody', { session: { session_token: opaque } }, undefined],
  ['nobody is named', { access_token: opaque, token_type: 'bearer' }, undefined],
  ['a user without an id', { token: opaque, user: { email: 'alice@example.com' } }, undefined],
  ['a token that is no JWT', { token: 'a.b.cccccccccccccccccccc' }, undefined],
  ['null', { token: null, message: 'no' }, NOTHING],
  ['an empty token', { token: '', user: null }, NOTHING],
  ['15 characters', { token: 'b3BhcXVlLXRva2V' }, NOTHING],
  ['a message where the token would be', { token: 'A token was sent to you by mail.' }, NOTHING],
  ['a csrf token', { csrfToken: opaque }, NOTHING],
  ['a user alone', { user: { id: 'alice' } }, NOTHING],
  ['a guest', { token, user: { id: 'g-1', is_anonymous: true } }, NOTHING],
  ['a guest, by the claims of the token', { token: jwt({ sub: 'g-1', is_anonymous: true }) }, NOTHING],
  ['four levels', { a: { b: { c: { token } } } }, NOTHING],
  ['a token as text', token, 'alice'],
  ['a page', `<p>${token}</p>`, NOTHING],
  ['a text with two dots', 'www.example.com', NOTHING],
  ['null', null, NOTHING],
  ['undefined', undefined, NOTHING],
])('finds a credential in content: %s', (_name, content, expected) => {
  const given = credentialInContent(content, none);
  expect(given === undefined ? NOTHING : given.account?.id).toBe(expected);
});

it.each<[unknown, string | undefined]>([
  [{ message: 'hello', user: { id: 7 } }, '7'],
  [{ data: { user: { _id: 'a' } } }, 'a'],
  [{ id: 7, email: 'alice@example.com' }, '7'],
  [{ id: 's-1', expires: 3600 }, undefined],
  ['<p>7</p>', undefined],
  [undefined, undefined],
])('finds the account in %j', (json, expected) => expect(accountInJson(json)?.id).toBe(expected));

it('reads the tenant and the names of the account from the answer', () => {
  const user = { id: 7, name: 'Alice', email: 'alice@example.com', tenantId: 't', group: 'admins' };
  expect(credentialInContent({ token, user }, none)).toEqual({
    account: { id: '7', name: 'Alice', group: { id: 't' }, names: ['7', 'alice@example.com'] },
  });
});

it('ignores a token that the request had already', () => {
  const isKnown = (text: string): boolean => text === opaque;
  expect(credentialInContent({ token: opaque, user: { id: 'alice' } }, isKnown)).toBeUndefined();
  expect(credentialInContent({ token, refresh_token: opaque }, isKnown)?.account?.id).toBe('alice');
  expect(credentialInHeader(`Bearer ${opaque}`, isKnown)).toBeUndefined();
});

it.each<CookieRow>([
  ['token', [`token=${token}; Path=/`], undefined, 'alice'],
  ['jwt', [`jwt=${token}; Path=/; HttpOnly`], '', 'alice'],
  ['signed by cookie-parser', [`token=s%3A${token}.c2lnbmVk`], undefined, 'alice'],
  ['access_token', [`access_token=${opaque}`], undefined, undefined],
  ['authToken', [`authToken=${opaque}`], undefined, undefined],
  ['Auth.js', [`__Secure-authjs.session-token=${opaque}; Secure`], undefined, undefined],
  ['Auth.js, in pieces', [`authjs.session-token.0=${opaque}`], undefined, undefined],
  ['Better Auth', [`better-auth.session_token=${opaque}`], undefined, undefined],
  ['Directus', [`directus_session_token=${token}`], undefined, 'alice'],
  ['__Host-', [`__Host-token=${token}`], undefined, 'alice'],
  ...['access-token', 'auth-token', 'id_token', 'refreshToken', 'x-auth-token', 'sb-abc-auth-token.0'].map((name): CookieRow => [
    name,
    [`${name}=${opaque}`],
  ]),
  ...['Authentication', 'jid', 'auth', 'user_session', 'Bearer'].map((name): CookieRow => [
    `${name}, signed`,
    [`${name}=${token}`],
    undefined,
    'alice',
  ]),
  ...['Authentication', 'jid', 'sid'].map((name): CookieRow => [`${name}, opaque`, [`${name}=${opaque}`], undefined, NOTHING]),
  ...['mfa', 'oauth_state', 'pending_login', 'trusted-device', 'guest', 'csrf', 'locale', 'consent'].map((name): CookieRow => [
    `${name}, signed`,
    [`${name}=${token}`],
    undefined,
    NOTHING,
  ]),
  ['signed for nobody', [`settings=${jwt({ theme: 'dark' })}`], undefined, NOTHING],
  ['other than before', [`token=${token}`], `a=b; token=${jwt({ sub: 'mallory' })}`, 'alice'],
  ['cleared and set again', ['token=; Max-Age=0', `token=${token}`], undefined, 'alice'],
  ['valid for a while', [`token=${token}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60`], undefined, 'alice'],
  ['as before', [`token=${token}`], `a=b; token=${token}`, NOTHING],
  ['as before, encoded', ['token=a%2Fb%2Fc%2Fd%2Fe%2Ff%2Fg%2Fh%2Fi'], 'token=a/b/c/d/e/f/g/h/i', NOTHING],
  ['cleared', ['token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], `token=${token}`, NOTHING],
  ['expired', [`token=${token}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`], undefined, NOTHING],
  ['of age 0', [`token=${token}; max-age=0`], undefined, NOTHING],
  ['set and cleared again', [`token=${token}`, 'token=; Max-Age=-1'], undefined, NOTHING],
  ['empty', ['token='], undefined, NOTHING],
  ['of csrf', [`csrf_token=${opaque}`, `XSRF-TOKEN=${opaque}`, `csrf-session-token=${opaque}`], undefined, NOTHING],
  ['of others', ['lang=en', `_ga=${opaque}`, `connect.sid=s%3A${opaque}.x`, `consent_token=${opaque}`], undefined, NOTHING],
  ['of a guest', [`token=${jwt({ sub: 'g-1', role: 'guest' })}`], undefined, NOTHING],
  ['none', [], undefined, NOTHING],
])('finds a credential in a cookie: %s', (_name, setCookie, cookie = undefined, expected = undefined) => {
  const given = credentialInCookies(setCookie, cookie, none);
  expect(given === undefined ? NOTHING : given.account?.id).toBe(expected);
});

it.each<[string, string[], string | undefined, boolean]>([
  ['a token', ['token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], `token=${token}`, true],
  ['a session', ['koa.sess=; Max-Age=0'], 'koa.sess=abc; other=1', true],
  ['a session of Connect', ['connect.sid=; Max-Age=0'], 'connect.sid=s%3Aabc.x', true],
  ['a signed token of any name', ['jid=; Max-Age=0'], `jid=${token}`, true],
  ['what the request did not have', ['token=; Max-Age=0'], 'theme=dark', false],
  ['what is set anew', [`connect.sid=${opaque}`], 'connect.sid=abc', false],
  ['a flash message', ['flash=; Max-Age=0'], 'flash=wrong', false],
  ['a csrf token', ['csrf_session=; Max-Age=0'], 'csrf_session=abc', false],
  ['nothing', [], 'connect.sid=abc', false],
])('sees whether a response clears the cookie of a login: %s', (_name, setCookie, cookie, expected) =>
  expect(clearsLogin(setCookie, cookie)).toBe(expected),
);

it.each<[string | undefined, string | undefined]>([
  [`Bearer ${token}`, 'alice'],
  [token, 'alice'],
  [opaque, undefined],
  ['Basic YWxpY2U6cmlnaHRyaWdodA==', NOTHING],
  ['Negotiate oYG2MIGzoAMKAQChCwYJKoZIgvcSAQICooGe', NOTHING],
  ['Bearer short', NOTHING],
  ['', NOTHING],
  [undefined, NOTHING],
])('finds a credential in a header: %s', (value, expected) => {
  const given = credentialInHeader(value, none);
  expect(given === undefined ? NOTHING : given.account?.id).toBe(expected);
});

it.each<[unknown, string | undefined]>([
  [{ ok: false, reason: 'wrong password' }, 'failure'],
  [{ type: 'failure', status: 401, data: '[{"message":1},"wrong"]' }, 'failure'],
  [{ error: { code: 'BAD_LOGIN', message: 'wrong' } }, 'failure'],
  [{ error: {} }, 'failure'],
  [{ errors: ['wrong'] }, 'failure'],
  [{ errors: { email: ['wrong'] } }, 'failure'],
  [{ code: 401, message: 'no' }, 'failure'],
  [{ success: false, data: { token: null } }, 'failure'],
  [{ url: 'http://localhost/login?error=CredentialsSignin&code=credentials' }, 'failure'],
  [{ status: 'error', message: 'wrong' }, 'failure'],
  [{ statusCode: 401, message: 'wrong' }, 'failure'],
  [{ mfaRequired: true, ticket: 'abc' }, 'challenge'],
  [{ mfa_required: true }, 'challenge'],
  [{ twoFactorRequired: true }, 'challenge'],
  [{ twoFactorRedirect: true }, 'challenge'],
  [{ status: 'mfa_required' }, 'challenge'],
  [{ status: 'MFA_REQUIRED' }, 'challenge'],
  [{ error: 'mfa_required', mfa_token: 'x' }, 'challenge'],
  [{ requiresTwoFactor: true }, 'challenge'],
  [{ success: true, mfaRequired: true }, 'challenge'],
  [{ success: true }, 'success'],
  [{ ok: true }, 'success'],
  [{ authenticated: true }, 'success'],
  [{ success: true, error: null, errors: [] }, 'success'],
  [{ success: true, error: 'not confirmed' }, 'contradiction'],
  [{ ok: false, mfaRequired: true }, 'contradiction'],
  [{ success: 'true' }, undefined],
  [{ error: null, errors: [], token }, undefined],
  [{ error: '' }, undefined],
  [{ code: 200, data: { token } }, undefined],
  [{ mfaRequired: false, token }, undefined],
  [{ twoFactorEnabled: true }, undefined],
  [{ url: 'http://localhost/?error=' }, undefined],
  [{ url: 'https://idp.example/authorize?client_id=x' }, undefined],
  [{ status: 'password_expired' }, undefined],
  [{ hello: 'world', failure: 'none' }, undefined],
  [[], undefined],
  [[{ success: true }], undefined],
  ['success', undefined],
  [null, undefined],
])('reads the shape of %j', (json, expected) => expect(shapeOf(json, true)).toBe(expected));

it('reads {ok: true} as a success only if the request carried a credential', () => {
  expect(shapeOf({ ok: true, message: 'check your mail' }, false)).toBeUndefined();
  expect(shapeOf({ ok: false }, false)).toBe('failure');
});

it('never throws, and never returns a token', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      shapeOf(json, true);
      credentialInContent(json, none);
      const given = credentialInContent({ token: opaque, data: json }, none);
      expect(JSON.stringify(given ?? {})).not.toContain(opaque);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string(), (cookies, text) => {
      credentialInCookies(
        cookies.map((cookie) => `token=${cookie}`),
        text,
        none,
      );
      credentialInHeader(text, none);
    }),
  );
});
