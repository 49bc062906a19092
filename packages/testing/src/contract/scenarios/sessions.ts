import { CANARIES, cookieOf, is, type LOGIN, ok, post, type Row, type Scenario, table } from './scenario.js';

const bob = { username: 'bob', password: CANARIES.password };
const typedName = (body: unknown): string => (body as typeof LOGIN).username;

/** The evidence of sessions and of the framework's user. */
export const sessions: readonly Scenario[] = [
  {
    name: 'if both outcomes redirect to the same target, only the one whose session got an owner is a success',
    async handler(x) {
      if (typedName(x.body) === 'ann') await x.logIn('u1');
      await x.redirect('/');
    },
    client: async (client) => [await post(client), await post(client, { body: bob })],
    expected: [is.success('u1', 'session'), is.unknown()],
  },
  {
    name: 'a session from before the request is no evidence',
    async handler(x) {
      if (typedName(x.body) === 'bob') return x.redirect('/login?error');
      await x.logIn('u1');
      await x.redirect('/');
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: bob, headers: { cookie } });
    },
    expected: [is.success('u1', 'session'), is.failure('redirect')],
  },
  {
    name: 'a failed login for another account records neither a success nor the account that is logged in',
    async handler(x) {
      if (typedName(x.body) === 'bob') return x.redirect('/');
      await x.logIn('u1');
      await ok(x);
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: bob, headers: { cookie } });
    },
    expected: [is.success('u1', 'session'), { ...is.unknown(), target: undefined }],
  },
  {
    name: 'a login that replaces the owner of a session is a success of the new owner',
    async handler(x) {
      await x.logIn(typedName(x.body) === 'bob' ? 'u2' : 'u1');
      await ok(x);
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: bob, headers: { cookie } });
    },
    expected: [is.success('u1', 'session'), is.success('u2', 'session')],
  },
  table('a session without an owner proves nothing', [
    { is: 'a counter', does: (x) => (x.keep('attempts', 3), x.redirect('/')), expected: is.unknown() },
    { is: 'isLoggedIn: false', does: (x) => (x.keep('user', { isLoggedIn: false, attempts: 1 }), x.redirect('/')), expected: is.unknown() },
    { is: 'a guest', does: (x) => (x.keep('user', { role: 'guest', id: 'g1' }), x.redirect('/')), expected: is.unknown() },
    { is: 'a pending account', does: (x) => (x.keep('pendingUserId', 'u1'), x.redirect('/')), expected: is.unknown() },
  ]),
  table('a session belongs to whom its usual keys name', [
    ...['userId', 'user', 'currentUser', 'currentUserId', 'loggedInUser', 'adminId', 'userID'].map((key): Row => ({
      is: key,
      does: (x) => (x.keep(key, 'u1'), x.redirect('/')),
      expected: is.success('u1', 'session'),
    })),
    ...['username', 'email', 'name'].flatMap((key): Row[] => [
      { is: `${key} alone`, does: (x) => (x.keep(key, 'u1'), x.redirect('/')), expected: is.unknown() },
      {
        is: `${key} beside loggedin: true`,
        does: (x) => (x.keep('loggedin', true), x.keep(key, 'u1'), x.redirect('/')),
        expected: is.success('u1', 'session'),
      },
      {
        is: `${key} beside loggedin: false`,
        does: (x) => (x.keep('loggedin', false), x.keep(key, 'u1'), x.redirect('/')),
        expected: is.unknown(),
      },
    ]),
    {
      is: 'user beside isLoggedIn: false',
      does: (x) => (x.keep('isLoggedIn', false), x.keep('user', 'u1'), x.redirect('/')),
      expected: is.unknown(),
    },
  ]),
  {
    name: 'a session that begins to say that somebody is in is a login of the typed account, and only then',
    async handler(x) {
      if (typedName(x.body) === 'ann') x.keep('isAuthenticated', true);
      await x.redirect('/');
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: bob, headers: { cookie } });
    },
    expected: [{ ...is.success('ann', 'session') }, is.unknown()],
  },
  table(
    'a guest id that each visitor gets before the handler is no login',
    [{ is: 'wrong password', does: (x) => x.json(401, {}), expected: { is_failure: true, is_anonymous: true, actor: undefined } }],
    { setup: { before: (x) => Promise.resolve(void (x.kept('userId') ?? x.keep('userId', 'guest-1'))) } },
  ),
  {
    name: 'claims that are renewed with each request belong to the same owner',
    handler: (x) => (x.keep('user', { sub: 'u1', exp: Math.random() }), typedName(x.body) === 'ann' ? x.redirect('/') : x.json(401, {})),
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: bob, headers: { cookie } });
    },
    expected: [is.success('u1', 'session'), is.failure()],
  },
  {
    name: 'a session that its store did not save proves no login',
    setup: { storeIsDown: true },
    async handler(x) {
      await x.logIn('u1');
      await x.redirect('/');
    },
    client: (client) => post(client).catch(() => undefined),
    expected: ([event, ...others]) => {
      if (!event || others.length > 0) throw new Error(`expected one event, saw ${others.length + Number(!!event)}`);
      if (event.fields?.['outcome'] === 'success' || event.actor) throw new Error(`recorded as a login: ${JSON.stringify(event)}`);
    },
  },
  {
    name: 'a user that appears without a credential in the request is a success with name and tenant',
    handler: (x) => (x.setUser({ id: 7, name: 'Ann', tenantId: 'acme' }), ok(x)),
    client: (client) => post(client, { isBare: true }),
    expected: [
      {
        is_failure: false,
        actor: { id: '7', name: 'Ann' },
        group: { id: 'acme' },
        fields: { outcome: 'success', evidence: 'user', group_source: 'resolved' },
      },
    ],
  },
  table(
    'a user that is restored from what the request brought is no login, whoever typed a wrong password',
    refusedThreeWays([
      { is: 'a cookie', headers: { cookie: 'token=of-alice' } },
      { is: 'a bearer token', headers: { authorization: 'Bearer of-alice' }, isBare: true },
      { is: 'an API key', headers: { 'x-api-key': 'of-alice' }, isBare: true },
      { is: 'another scheme', headers: { authorization: 'Token of-alice' }, isBare: true },
      { is: 'Basic, beside a password in the body', headers: { authorization: 'Basic YWxpY2U6eA==' }, isBare: true },
    ]),
    { setup: { before: (x) => Promise.resolve(x.setUser({ id: 'alice' }) as undefined) } },
  ),
];

function refusedThreeWays(rows: readonly Pick<Row, 'is' | 'headers' | 'isBare'>[]): Row[] {
  return rows.flatMap((row): Row[] => [
    { ...row, is: `${row.is}, redirect`, does: (x) => x.redirect('/'), expected: is.unknown() },
    { ...row, is: `${row.is}, 401`, does: (x) => x.json(401, {}), expected: is.failure() },
    { ...row, is: `${row.is}, {ok: false}`, does: (x) => x.json(200, { ok: false }), expected: is.failure('body') },
  ]);
}
