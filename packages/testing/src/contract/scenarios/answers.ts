import { CANARIES, is, type Row, type Scenario, table, tokenFor } from './scenario.js';

const { issued } = CANARIES;
const typed = { ...is.success('ann', 'credential'), fields: { outcome: 'success', evidence: 'credential', actor_source: 'typed' } };

/** A row whose response is 200 with this JSON. */
const json = (body: unknown, expected: Row['expected'], more: Partial<Row> = {}): Row => ({
  is: JSON.stringify(body)?.slice(0, 80) ?? 'undefined',
  does: (x) => x.json(200, body),
  expected,
  ...more,
});
/** A row whose response is 200 and sets this cookie. */
const cookie = (text: string, expected: Row['expected'], more: Partial<Row> = {}): Row => ({
  is: `Set-Cookie: ${text}`,
  does: (x) => (x.header('set-cookie', text), x.json(200, {})),
  expected,
  ...more,
});

/** The evidence of responses: credentials, and common shapes of their JSON. */
export const answers: readonly Scenario[] = [
  table('a token that the request did not have is a success, of the account that the answer names, or else of the typed name', [
    json({ token: issued }, typed),
    json({ access_token: issued, token_type: 'Bearer' }, typed),
    json({ data: { login: { accessToken: issued } } }, typed),
    json(
      { token: issued, user: { id: 'u1', email: 'ann@example.com' } },
      {
        ...is.success('u1', 'credential'),
        actor: { id: 'u1', name: 'ann@example.com' },
      },
    ),
    json({ user: { _id: 'u2', token: issued } }, is.success('u2', 'credential')),
    json({ token: tokenFor({ sub: 'u3' }) }, is.success('u3', 'credential')),
    json({ access_token: issued, id_token: tokenFor({ sub: 'u4' }) }, is.success('u4', 'credential')),
    { is: 'in Authorization', does: (x) => (x.header('authorization', `Bearer ${issued}`), x.json(200, {})), expected: typed },
    { is: 'in X-Auth-Token', does: (x) => (x.header('x-auth-token', issued), x.json(200, {})), expected: typed },
  ]),
  table('a value that is not a new token proves nothing', [
    json({ token: 'fifteen-letters' }, is.unknown()),
    json({ csrfToken: issued }, is.unknown()),
    json({ token: null, user: { id: 'u1' } }, is.unknown()),
    json({ user: { id: 'u1' } }, is.unknown()),
    json({ a: { b: { c: { token: issued } } } }, is.unknown()),
    json({ token: issued, pad: 'x'.repeat(20_000) }, is.unknown()),
    json({ token: issued }, is.unknown(), { is: 'the token that the request had', headers: { authorization: `Bearer ${issued}` } }),
  ]),
  table('a new auth cookie is a success; cleared, known and other cookies prove nothing', [
    cookie(`token=${issued}; Path=/; HttpOnly`, typed),
    cookie(`jwt=${tokenFor({ sub: 'u1' })}`, is.success('u1', 'credential')),
    cookie(`__Secure-authjs.session-token=${issued}; Secure`, typed),
    cookie(`__Host-token=${issued}; Secure; Path=/`, typed),
    cookie(`token=${issued}`, typed, {
      is: 'another token than the request had',
      headers: { cookie: 'token=another-one-of-another-person' },
    }),
    cookie(`token=${issued}`, is.unknown(), { is: 'the token that the request had', headers: { cookie: `token=${issued}` } }),
    cookie('token=; Max-Age=0', is.unknown()),
    cookie(`token=${issued}; Max-Age=0`, is.unknown()),
    cookie(`XSRF-TOKEN=${issued}`, is.unknown()),
    cookie(`_ga=${issued}`, is.unknown()),
    cookie(`lang=${issued}`, is.unknown()),
  ]),
  table('a public shape of the answer says that the login failed', [
    ...[
      { success: false },
      { ok: false, reason: 'no' },
      { error: 'wrong' },
      { error: { code: 'BAD_LOGIN' } },
      { errors: [{ message: 'wrong' }], data: null },
      { status: 'error' },
      { type: 'failure', status: 401 },
      { code: 401 },
      { url: 'http://localhost/login?error=CredentialsSignin' },
    ].map((body) => json(body, is.failure('body', 'invalid_credentials'))),
  ]),
  table('beside a status of 400 or more the status says why, whatever the body says', [
    { is: '500', does: (x) => x.json(500, { error: 'Internal Server Error' }), expected: is.failure('body', 'server_error') },
    { is: '429', does: (x) => x.json(429, { error: 'slow down' }), expected: is.failure('body', 'rate_limited') },
    { is: '403', does: (x) => x.json(403, { error: 'no' }), expected: { ...is.failure('body'), fields: { reason: undefined } } },
  ]),
  table('a public shape of the answer asks for a further factor', [
    ...[
      { mfaRequired: true, ticket: 'abc' },
      { mfa_required: true },
      { twoFactorRequired: true },
      { requiresTwoFactor: true },
      { status: 'mfa_required' },
    ].map((body) => json(body, is.challenge('body'))),
  ]),
  table('a public shape of the answer says success, if the request carried a credential', [
    ...[{ success: true }, { ok: true }, { authenticated: true }].map((body) => json(body, is.success('ann', 'body'))),
    json({ ok: true }, is.unknown(), { is: 'a mail was sent', body: { password: undefined, refreshToken: undefined } }),
  ]),
  table('an answer that says nothing, or two things at once, proves nothing', [
    json({ hello: 'world' }, is.unknown()),
    json([], is.unknown()),
    json(null, is.unknown()),
    json({ success: true, error: 'not confirmed' }, is.unknown('body')),
    json({ error: null, errors: [], mfaRequired: false }, is.unknown()),
    { is: 'JSON that is cut', does: (x) => x.bytes(200, Buffer.from('{"error":')), expected: is.unknown() },
  ]),
  table(
    'with readAnswers off, answers are not looked at',
    [json({ error: 'wrong' }, is.unknown()), json({ token: issued }, is.unknown())],
    {
      options: { readAnswers: false },
    },
  ),
];
