import fc from 'fast-check';
import { readLoginForm } from '../src/adapter/login-form.js';
import { carriesCredential, hasPassword, isPasswordField, passwordsIn } from '../src/attempt/password-fields.js';

function boom(): never {
  throw new Error('boom');
}

function formData(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

const hostile = new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom });
const NOTHING = { identityIsPassword: false, hasPassword: false, carriesCredential: false, hasGrant: false, isRefresh: false };

it.each([
  ...['password', 'Password', 'PASSWORD', 'pass', 'Pass', 'pwd', 'passwd', 'passphrase', 'passcode', 'pin', 'PIN', 'otp', 'secret', 'totp'],
  ...[
    'userPassword',
    'user_password',
    'loginPwd',
    'user[password]',
    'user[Password]',
    'new-password',
    'currentPassword',
    'current_password',
  ],
  ...[
    'j_password',
    'userpassword',
    'password2',
    'pin1',
    'userPIN',
    'OTPCode',
    'user.password',
    'PasswordConfirmation',
    'clientSecret',
    'Passwort',
  ],
])('%s is a password field', (name) => expect(isPasswordField(name)).toBe(true));

it.each([
  ...[
    'shipping',
    'compass',
    'opinion',
    'passenger',
    'pinboard',
    'passport',
    'spinner',
    'bypass',
    'pinned',
    'option',
    'secretary',
    'passive',
  ],
  ...[
    'username',
    'email',
    'laptop',
    'compassion',
    'passengerName',
    'shipping_address',
    'opinionText',
    '',
    'pin'.repeat(100),
    'passkeyName',
  ],
])('%s is not a password field', (name) => expect(isPasswordField(name)).toBe(false));

it.each<[string, unknown, string[]]>([
  ['a form', { username: 'bob', Password: 'p1' }, ['p1']],
  ['a nested user', { user: { email: 'bob', password: 'p1' } }, ['p1']],
  ['a form as it was sent', { 'user[password]': 'p1' }, ['p1']],
  ['variables', { query: 'mutation', variables: { input: { credentials: { password: 'p1' } } } }, ['p1']],
  ['a batch of tRPC', { 0: { json: { password: 'p1' } }, 1: { json: { password: 'p2' } } }, ['p1', 'p2']],
  ['a batch of GraphQL', [{ variables: { password: 'p1' } }, { variables: { password: 'p2' } }], ['p1', 'p2']],
  ['a number', { pin: 4711 }, ['4711']],
  ['old and new', { current_password: 'p1', newPassword: 'p2' }, ['p1', 'p2']],
  ['URLSearchParams', new URLSearchParams({ username: 'bob', password: 'p1' }), ['p1']],
  ['FormData', formData({ username: 'bob', password: 'p1' }), ['p1']],
  ['a Map', new Map([['password', 'p1']]), ['p1']],
  ['three levels', { a: { b: { password: 'p1' } } }, ['p1']],
  ['four levels', { a: { b: { c: { password: 'p1' } } } }, []],
  ['an empty field', { password: '' }, []],
  ['a flag', { password: true }, []],
  ['a text', 'password=p1', []],
  ['nothing', undefined, []],
  ['a Proxy that throws', hostile, []],
])('finds the passwords in %s', (_name, body, expected) => {
  expect(passwordsIn(body)).toEqual(expected);
  expect(hasPassword(body)).toBe(expected.length > 0);
});

it.each<[string, unknown, boolean]>([
  ['a password', { email: 'a@x.test', password: 'p' }, true],
  ['a mail address alone', { email: 'a@x.test' }, false],
  ['the cart of a shop', { items: [{ price: 'p1', quantity: 2 }] }, false],
  ['a training', { title: 'Warm up', at: '10:00' }, false],
  ['a device', { token: 'abc', platform: 'x' }, false],
  ['a code beside a name', { email: 'a@x.test', code: '123456' }, true],
  ['a code alone', { code: 'SUMMER10' }, false],
  ['a zip code', { zipcode: '12345', city: 'x' }, false],
  ['a postal code beside a mail address', { email: 'a@x.test', zip_code: '12345', countryCode: 'CH', couponCode: 'X' }, false],
  ['a code of OpenID Connect in a form', { code: 'q83v', state: 's' }, true],
  ['a one-time password alone', { otp: '123456' }, true],
  ['a number that was mailed', { phone: '+1', verificationCode: 123456 }, true],
  ['an assertion of SAML', { SAMLResponse: 'PHNhbWxwOlJlc3BvbnNl', RelayState: '' }, true],
  ['an id token', { id_token: 'eyJhbGciOiJub25lIn0.e30.' }, true],
  ['the credential of Google', { credential: 'eyJhbGciOiJub25lIn0.e30.', g_csrf_token: 'x' }, true],
  ['a passkey', { id: 'x', response: { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' } }, true],
  ['a passkey in data', { data: { response: { authenticatorData: 'x', signature: 'x' } } }, true],
  ['a new passkey', { response: { clientDataJSON: 'x', attestationObject: 'x' } }, false],
  ['a message signed with a wallet', { message: 'example.com wants you to sign in', signature: '0x1' }, true],
  ['the grant of a password', { grant_type: 'password', username: 'a' }, true],
  ['the grant of a code', { grant_type: 'authorization_code', code: 'x' }, true],
  ['a refresh', { grant_type: 'refresh_token', refresh_token: 'r' }, false],
  ['nothing', undefined, false],
  ['an empty object', {}, false],
])('checks a body for a credential: %s', (_name, body, expected) => expect(carriesCredential(body)).toBe(expected));

it.each<[string, unknown, object]>([
  ['a form', { username: 'bob', password: 'p' }, { identity: 'bob', hasPassword: true, carriesCredential: true }],
  ['capitals', { Username: 'bob', Password: 'p' }, { identity: 'bob', hasPassword: true, carriesCredential: true }],
  ['camelCase', { userEmail: 'bob@x.test', pwd: 'p' }, { identity: 'bob@x.test', hasPassword: true, carriesCredential: true }],
  ['snake_case', { email_address: 'bob@x.test' }, { identity: 'bob@x.test' }],
  ['a nested user', { user: { email: 'bob', password: 'p' } }, { identity: 'bob', hasPassword: true, carriesCredential: true }],
  [
    'a form as it was sent',
    { 'user[email]': 'bob', 'user[password]': 'p' },
    { identity: 'bob', hasPassword: true, carriesCredential: true },
  ],
  [
    'variables',
    { query: 'x', variables: { email: 'bob', password: 'p' } },
    { identity: 'bob', hasPassword: true, carriesCredential: true },
  ],
  ['an input', { variables: { input: { login: 'bob', password: 'p' } } }, { identity: 'bob', hasPassword: true, carriesCredential: true }],
  [
    'the name beside the password',
    { email: 'news@x.test', login: { username: 'bob', password: 'p' } },
    { identity: 'bob', hasPassword: true, carriesCredential: true },
  ],
  ['the user name before the mail address', { email: 'bob@x.test', username: 'bob' }, { identity: 'bob' }],
  ['blanks', { username: `${' '.repeat(300)}bob \n` }, { identity: 'bob' }],
  ['only blanks', { username: '   ', email: 'bob@x.test' }, { identity: 'bob@x.test' }],
  ['a name that is no text', { username: { $ne: null }, password: { $ne: null } }, {}],
  [
    'the same twice',
    { username: 'zq-hunter-42', PIN: ' zq-hunter-42' },
    { identity: 'zq-hunter-42', identityIsPassword: true, hasPassword: true, carriesCredential: true },
  ],
  ['a refresh', { grant_type: 'refresh_token', refresh_token: 'r' }, { isRefresh: true, hasGrant: true }],
  ['a refresh without a grant', { refreshToken: 'r' }, { isRefresh: true }],
  [
    'a password and the grant of a refresh',
    { grant_type: 'refresh_token', username: 'bob', password: 'p' },
    { identity: 'bob', hasPassword: true, carriesCredential: true, hasGrant: true },
  ],
  [
    'a password and a refresh token',
    { refresh_token: 'r', username: 'bob', password: 'p' },
    { identity: 'bob', hasPassword: true, carriesCredential: true },
  ],
  [
    'another grant beside a refresh token',
    { grant_type: 'authorization_code', refresh_token: 'r' },
    { carriesCredential: true, hasGrant: true },
  ],
  ['a text', 'username=bob', {}],
  ['nothing', undefined, {}],
])('reads a login form: %s', (_name, body, expected) => expect(readLoginForm(body)).toEqual({ ...NOTHING, ...expected }));

it('prefers the extractor, and still recognises that the name is the password', () => {
  expect(readLoginForm({ username: 'bob', secret: 's3cret' }, ' s3cret ')).toEqual({
    identity: 's3cret',
    identityIsPassword: true,
    hasPassword: true,
    carriesCredential: true,
    hasGrant: false,
    isRefresh: false,
  });
});

it.each([Object.create(null), { toString: 1 }, Symbol('s'), ['bob'], true, '', '  ', null, undefined])(
  'reads the form if the extractor returns no name: %#',
  (extracted) => expect(readLoginForm({ username: 'alice' }, extracted).identity).toBe('alice'),
);

it('accepts a number as a name', () => expect(readLoginForm({}, 4711).identity).toBe('4711'));

it('finds the password in a body padded with 100,000 keys, and treats such a body as an attempt', () => {
  const padded: Record<string, unknown> = {};
  for (let i = 0; i < 100_000; i += 1) padded[`k${i}`] = 'x';
  expect(carriesCredential(padded)).toBe(true);
  expect(readLoginForm({ ...padded, username: 'bob', password: 'bob' })).toMatchObject({ identity: 'bob', identityIsPassword: true });
});

it('reads at most a hundred objects, three levels deep', () => {
  let deep: unknown = { password: 'p' };
  for (let i = 0; i < 10_000; i += 1) deep = { deep };
  expect(hasPassword(deep)).toBe(false);
  let looked = 0;
  const many = Array.from({ length: 100_000 }, () => Object.defineProperty({}, 'a', { enumerable: true, get: () => (looked += 1) }));
  expect(carriesCredential(many)).toBe(true);
  expect(looked).toBeLessThanOrEqual(100);
});

it('never throws, and the identity never has blanks around it', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withMap: true }), (body) => {
      const { identity } = readLoginForm(body);
      expect(identity).toBe(identity?.trim());
    }),
  );
  expect(readLoginForm(hostile)).toMatchObject({ hasPassword: false });
});

it.each([
  ['a token request that names its client', { grant_type: 'password', client_id: 'app', username: 'bob', password: 'p' }, true],
  ['a token request that does not', { grant_type: 'password', username: 'bob', password: 'p' }, undefined],
  ['a login form of an authorisation server', { client_id: 'app', username: 'bob', password: 'p' }, undefined],
])('looks for the client in %s', (_name, body, expected) => expect(readLoginForm(body).namesClient).toBe(expected));

it('reads a Feathers request with a token as a refresh', () => {
  expect(readLoginForm({ strategy: 'jwt', accessToken: 'a.b.c' }).isRefresh).toBe(true);
  expect(readLoginForm({ strategy: 'local', email: 'bob@example.com', password: 'p' }).isRefresh).toBe(false);
});

it.each([
  [{ _id: 'org.couchdb.user:alice', name: 'alice', password: 'x' }, 'alice'],
  [{ name: 'Alice Liddell', email: 'alice@example.com', password: 'x' }, 'alice@example.com'],
  [{ name: 'Alice Liddell' }, undefined],
  [{ name: 'Main office', user: { login: 'alice', password: 'x' } }, 'alice'],
])('reads "name" as the user name only beside a password and after all other fields: %j', (body, identity) => {
  expect(readLoginForm(body).identity).toBe(identity);
});

it.each([
  ['an empty password', { refresh_token: 'r', username: 'bob', password: '' }, false],
  ['an empty password beside a grant', { grant_type: 'refresh_token', refresh_token: 'r', password: '' }, true],
  ['an empty token', { refresh_token: '', username: 'bob' }, false],
  ['an empty grant', { grant_type: '', refresh_token: 'r' }, true],
])('takes a form with %s for a refresh: only if it is one', (_name, body, isRefresh) => {
  expect(readLoginForm(body)).toMatchObject({ isRefresh, hasPassword: false });
});
