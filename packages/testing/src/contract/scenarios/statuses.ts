import assert from 'node:assert/strict';
import { compare, is, LOGIN, ok, type PartialEvent, post, type Row, type Scenario, table } from './scenario.js';

/** The evidence of statuses. */
export const statuses: readonly Scenario[] = [
  {
    name: 'a 200 alone proves nothing',
    handler: ok,
    client: post,
    expected: [
      {
        ...is.unknown(),
        action: 'user.login',
        source_ip: '127.0.0.1',
        fields: {
          outcome: 'unknown',
          evidence: 'status',
          status: '200',
          method: 'password',
          found_by: 'route',
          route: '/login',
          identity: 'a***',
        },
      },
    ],
  },
  table('no 2xx or 3xx proves a login by itself', [
    { is: '202', does: (x) => x.json(202, {}), expected: is.unknown() },
    { is: '200 that says a mail was sent', does: (x) => x.json(200, { message: 'check your mail' }), expected: is.unknown() },
    {
      is: '200 with the options of a passkey',
      does: (x) => x.json(200, { challenge: 'q83v', allowCredentials: [] }),
      expected: is.unknown(),
    },
    { is: 'a redirect to a provider', does: (x) => x.redirect('https://idp.example/authorize'), expected: is.unknown() },
    { is: 'a redirect home', does: (x) => x.redirect('/'), expected: is.unknown() },
    { is: 'a streamed page', does: (x) => x.stream(['a', 'b'], 5), expected: is.unknown() },
  ]),
  table('4xx and 5xx are failures, with the reason that the status says', [
    { is: '401', does: (x) => x.json(401, {}), expected: is.failure('status', 'invalid_credentials') },
    { is: '401, thrown', does: (x) => x.fail(401), expected: thrown('invalid_credentials') },
    {
      is: '403',
      does: (x) => x.json(403, {}),
      expected: { ...is.failure(), fields: { outcome: 'failure', reason: undefined, status: '403' } },
    },
    { is: '423', does: (x) => x.json(423, {}), expected: is.failure('status', 'account_locked') },
    { is: '429', does: (x) => x.json(429, {}), expected: is.failure('status', 'rate_limited') },
    { is: '500, thrown', does: (x) => x.fail(500), expected: thrown('server_error') },
    { is: '404 of the handler', does: (x) => x.json(404, {}), expected: is.failure() },
  ]),
  {
    name: 'a failure has the masked name and its digest',
    handler: (x) => x.json(401, {}),
    client: post,
    expected: ([event]) => {
      compare(event!, { is_failure: true, is_anonymous: true, fields: { identity: 'a***' } });
      assert.match(event!.fields?.['identity_hmac'] ?? '', /^[\da-f]{32}$/);
    },
  },
  table(
    'the first legs of a negotiation are a challenge, a wrong credential is a failure',
    onCallback([
      {
        is: 'Negotiate, first leg',
        does: (x) => (x.header('www-authenticate', 'Negotiate'), x.json(401, {})),
        expected: is.challenge('status'),
      },
      {
        is: 'Negotiate, second leg',
        headers: { authorization: 'Negotiate Zmlyc3Q=' },
        does: (x) => (x.header('www-authenticate', 'Negotiate bW9yZQ=='), x.json(401, {})),
        expected: is.challenge('status'),
      },
      {
        is: 'Negotiate, last leg',
        headers: { authorization: 'Negotiate dGhpcmQ=' },
        does: (x) => (x.setUser({ id: 'u1' }), x.json(200, {})),
        expected: is.success('u1', 'user'),
      },
      {
        is: 'Digest, first 401',
        does: (x) => (x.header('www-authenticate', 'Digest realm="r", nonce="n"'), x.json(401, {})),
        expected: is.challenge('status'),
      },
      {
        is: 'Digest, a wrong response',
        headers: { authorization: 'Digest username="ann", realm="r", nonce="n", response="wrong"' },
        does: (x) => (x.header('www-authenticate', 'Digest realm="r", nonce="n"'), x.json(401, {})),
        expected: is.failure(),
      },
      {
        is: 'Basic, a wrong password',
        headers: { authorization: 'Basic Ym9iOndyb25n' },
        does: (x) => (x.header('www-authenticate', 'Basic realm="r"'), x.json(401, {})),
        expected: is.failure(),
      },
      {
        is: 'Basic, the right password',
        headers: { authorization: 'Basic YW5uOnJpZ2h0' },
        does: (x) => (x.setUser({ id: 'u1' }), x.json(200, {})),
        expected: is.success('u1', 'user'),
      },
    ]),
    { options: { routes: ['GET /callback'] } },
  ),
  table('a token refresh is no login, and a password beside it is one', [
    {
      is: 'a refresh token',
      path: '/oauth/token',
      body: { grant_type: 'refresh_token', username: undefined, password: undefined },
      does: (x) => x.json(200, { access_token: 'a'.repeat(20) }),
      expected: { action: 'user.session.refresh', crud: 'u', is_failure: false, fields: { outcome: 'success' } },
    },
    {
      is: 'a refresh token that is refused',
      path: '/oauth/token',
      body: { grant_type: 'refresh_token', username: undefined, password: undefined },
      does: (x) => x.json(400, { error: 'invalid_grant' }),
      expected: { action: 'user.session.refresh', is_failure: true, fields: { outcome: 'failure' } },
    },
    {
      is: 'a password beside grant_type=refresh_token',
      path: '/oauth/token',
      body: { grant_type: 'refresh_token', password: LOGIN.password },
      does: (x) => x.json(401, {}),
      expected: { ...is.failure(), action: 'user.login' },
    },
  ]),
];

function onCallback(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, method: 'GET', path: '/callback' }));
}

/** The expected event of a thrown error. The framework's own response may contain further evidence in its body. */
function thrown(reason: string): PartialEvent {
  return { is_failure: true, actor: undefined, fields: { outcome: 'failure', reason } };
}
