import { cookieOf, is, LOGIN, ok, post, type Row, type Scenario, table } from './scenario.js';

const refused = (path: string, expected: Row['expected'], more: Partial<Row> = {}): Row => ({
  is: `${more.method ?? 'POST'} ${path}`,
  path,
  does: (x) => x.json(401, {}),
  expected,
  ...more,
});
const byRoute = { ...is.failure(), fields: { outcome: 'failure', found_by: 'route' } };

/** The requests that are attempts. */
export const routes: readonly Scenario[] = [
  table('by default the login routes of the stacks that people use are audited, and a shop is not', [
    refused('/login', byRoute),
    refused('/api/v1/sign-in/email', { ...byRoute, fields: { route: '/api/v1/sign-in/email' } }),
    refused('/oauth/token', byRoute, { body: { grant_type: 'password' } }),
    refused('/login', byRoute, { method: 'PUT' }),
    refused('/checkout/session', undefined, { body: { username: undefined, password: undefined, refreshToken: undefined } }),
    refused('/graphql', undefined, { body: { username: undefined, password: undefined } }),
    refused('/other', undefined, { method: 'GET' }),
  ]),
  {
    name: 'records nothing for HEAD, OPTIONS and GET of a login route, another path, or a request without a handler',
    handler: ok,
    async client(client) {
      for (const method of ['HEAD', 'OPTIONS', 'GET']) await client.send(method, '/login');
      await client.send('GET', '/other');
      await client.send('POST', '/v2/login', { body: LOGIN });
    },
    expected: [],
  },
  table(
    'what is configured is audited, and nothing else; HEAD counts where GET is configured',
    [
      refused('/magic/1', { ...byRoute, fields: { route: '/magic/:code' } }, { method: 'GET' }),
      refused('/magic/2', byRoute, { method: 'HEAD' }),
      refused('/logout', { action: 'user.logout', fields: { outcome: 'failure' } }),
      refused('/login', undefined, { body: { password: undefined, refreshToken: undefined } }),
    ],
    { options: { routes: ['GET /magic/:code'], rules: [{ match: 'POST /logout', action: 'user.logout' }] } },
  ),
  {
    name: 'a preset adds the routes of its stack',
    options: { preset: 'better-auth' },
    handler: (x) => x.json(401, {}),
    client: (client) => client.send('POST', '/api/v1/sign-in/email', { body: LOGIN }),
    expected: [byRoute],
  },
  {
    name: 'the adapter on a route audits that route, whatever its path',
    handler: (x) => x.json(401, {}),
    client: (client) => client.send('POST', '/enter', { body: LOGIN }),
    expected: [{ ...byRoute, fields: { outcome: 'failure', route: '/enter', found_by: 'route' } }],
  },
  {
    name: 'a session that gets an owner is an attempt on any route',
    handler: async (x) => (await x.logIn('u1'), x.redirect('/')),
    client: (client) => client.send('GET', '/callback?code=c'),
    expected: [{ ...is.success('u1', 'session'), fields: { outcome: 'success', found_by: 'effect', route: '/callback' } }],
  },
  {
    name: 'a new session without an owner and a page view of a logged-in user are no attempts',
    async handler(x) {
      if (x.headers['x-in'] !== undefined) await x.logIn('u1');
      else x.keep('cart', ['book']);
      await ok(x);
    },
    async client(client) {
      await client.send('GET', '/other');
      const cookie = cookieOf(await post(client, { headers: { 'x-in': '1' } }));
      for (let i = 0; i < 3; i += 1) await client.send('GET', '/other', { headers: { cookie } });
    },
    expected: [is.success('u1', 'session')],
  },
  table('a marker makes an attempt of any request', [
    {
      is: 'success',
      path: '/other',
      does: (x) => (x.mark.success({ actor: 'u1' }), ok(x)),
      expected: { ...is.success('u1', 'marker'), fields: { found_by: 'marker', route: '/other' } },
    },
    {
      is: 'failure',
      path: '/other',
      does: (x) => (x.mark.failure('wrong_password'), ok(x)),
      expected: { ...is.failure('marker', 'wrong_password'), fields: { found_by: 'marker' } },
    },
  ]),
  {
    name: 'an attempt is one event even if the adapter is mounted twice',
    setup: { twice: true },
    handler: (x) => x.json(401, {}),
    client: post,
    expected: [byRoute],
  },
];
