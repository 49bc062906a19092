import assert from 'node:assert/strict';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { networkInterfaces } from 'node:os';
import type { AuditEvent, AuditLoginOptions, Marker } from '@auditlogin/core';
import { type RecordingAuditor, recordingAuditor } from '../recording-auditor.js';
import type { ContractTest } from './contract-test.js';

/** One exchange, as a scenario's handler acts on it in any framework. */
export interface ContractExchange {
  body: unknown;
  mark: Marker;
  /** Answers with a status and JSON. */
  json(status: number, body: unknown): Promise<void>;
  redirect(location: string): Promise<void>;
  /** Answers in pieces, with a pause between them. */
  stream(pieces: string[], pause: number): Promise<void>;
  /** Fails in the framework's own way, so that its error handling answers with the status. */
  fail(status: number): never;
  /** Never answers. */
  hang(): Promise<void>;
  /** Puts a user where the framework's authentication would. */
  setUser(user: unknown): void;
  /** Logs a user into a new session, as the framework's session library does it. */
  logIn(userId: string): Promise<void>;
  /** Ends the session's login, as the framework's session library does it. */
  logOut(): Promise<void>;
}

/** Where every adapter mounts the handler of a scenario. */
export const contractRoutes = [
  ['post', '/login'],
  ['post', '/graphql'],
  ['get', '/callback'],
  ['post', '/logout'],
  ['post', '/mfa'],
  ['post', '/password'],
  ['post', '/impersonate'],
  ['get', '/other'],
] as const;

/** A running application under the contract. */
export interface ContractServer {
  /** `http://127.0.0.1:port` */
  base: string;
  close(): Promise<void>;
}

/** What an adapter shows to the contract: how to start an application. */
export interface ContractAdapter {
  /**
   * Starts an application with sessions (a cookie, and an anonymous session for everybody), a JSON body parser and the adapter, on `host` and with
   * `trustedProxies` proxies trusted.
   *
   * @param options for the adapter
   * @param handler is on all {@link contractRoutes}, and on POST /enter, where the adapter is told to audit the route
   */
  start(
    options: AuditLoginOptions<never>,
    handler: (exchange: ContractExchange) => Promise<void>,
    setup: ContractSetup,
  ): Promise<ContractServer>;
}

export interface ContractSetup {
  /** The address to listen on: `127.0.0.1`, or `::` for both families. */
  host: string;
  trustedProxies: number;
  /** Mount the adapter twice. */
  twice: boolean;
}

/** What a client does, and what must be audited. */
export interface Scenario {
  name: string;
  options?: Partial<AuditLoginOptions<never>>;
  setup?: Partial<ContractSetup>;
  handler(exchange: ContractExchange): Promise<void>;
  /** @param client sends requests to the application */
  client(client: ContractClient): Promise<unknown>;
  /** What each event must have, in order of the attempts; a function looks at all of them. */
  expected: (PartialEvent | ((events: readonly AuditEvent[]) => void))[] | ((events: readonly AuditEvent[]) => void);
}

type PartialEvent = Omit<Partial<AuditEvent>, 'fields'> & { fields?: Record<string, string> };

/** Sends requests as a browser or a program would. */
export interface ContractClient {
  send(method: string, path: string, options?: SendOptions): Promise<{ status: number; headers: IncomingHttpHeaders } | 'aborted'>;
}

export interface SendOptions {
  body?: unknown;
  headers?: Record<string, string>;
  /** Hang up this many milliseconds after sending, or when the answer's head has come. */
  hangUp?: number | 'head';
  agent?: Agent;
  /** Connect to this address of the application. @default '127.0.0.1' */
  host?: string;
}

/** Secrets that every scenario carries, and that may be found nowhere. */
const CANARIES = {
  password: 'pw-canary-5f1c!Zq',
  token: 'tk-canary-77aa20c4e1',
  cookie: 'ck-canary-03bb9d1f55',
};
const LOGIN = { username: 'ann', password: CANARIES.password, refreshToken: CANARIES.token };
const post = (client: ContractClient, options: SendOptions = {}): ReturnType<ContractClient['send']> =>
  client.send('POST', '/login', { body: LOGIN, ...options });
const ok = (exchange: ContractExchange): Promise<void> => exchange.json(200, {});
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const aborted = { is_failure: true, source_ip: '127.0.0.1', fields: { outcome: 'failure', reason: 'aborted', evidence: 'aborted' } };

/** The scenarios that every adapter must pass, over real sockets. */
const scenarios: readonly Scenario[] = [
  {
    name: 'success returned',
    handler: (x) => x.json(200, { token: CANARIES.token }),
    client: post,
    expected: [
      {
        action: 'user.login',
        is_failure: false,
        source_ip: '127.0.0.1',
        fields: { outcome: 'success', evidence: 'status', status: '200', method: 'password' },
      },
    ],
  },
  {
    name: 'failure returned',
    handler: (x) => x.json(401, {}),
    client: post,
    expected: [
      {
        is_failure: true,
        is_anonymous: true,
        fields: { outcome: 'failure', reason: 'invalid_credentials', status: '401', identity: 'a***' },
      },
    ],
  },
  {
    name: 'thrown 401',
    handler: (x) => x.fail(401),
    client: post,
    expected: [{ is_failure: true, fields: { reason: 'invalid_credentials', status: '401' } }],
  },
  {
    name: 'thrown 500',
    handler: (x) => x.fail(500),
    client: post,
    expected: [{ is_failure: true, fields: { reason: 'server_error', status: '500' } }],
  },
  {
    name: 'rate limited',
    handler: (x) => x.json(429, {}),
    client: post,
    expected: [{ fields: { outcome: 'failure', reason: 'rate_limited' } }],
  },
  {
    name: 'both outcomes redirect to the same place',
    handler: async (x) => {
      if ((x.body as typeof LOGIN).username === 'ann') await x.logIn('u1');
      await x.redirect('/');
    },
    client: async (client) => [await post(client), await post(client, { body: { username: 'bob', password: CANARIES.password } })],
    expected: [
      { is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'session' } },
      { is_failure: true, is_anonymous: true, fields: { outcome: 'unknown' } },
    ],
  },
  {
    name: 'a session from before is no evidence',
    handler: async (x) => {
      if ((x.body as typeof LOGIN).username === 'ann') await x.logIn('u1');
      await x.redirect('/login?error');
    },
    client: async (client) => {
      const cookie = cookieOf(await post(client));
      await post(client, { body: { username: 'bob', password: CANARIES.password }, headers: { cookie } });
    },
    expected: [
      { fields: { outcome: 'success' } },
      { is_failure: true, is_anonymous: true, fields: { outcome: 'failure', evidence: 'redirect' } },
    ],
  },
  {
    name: 'GraphQL answers 200 for both',
    options: { routes: ['/graphql'] },
    handler: async (x) => {
      x.mark.failure('wrong_password', { actor: 'u1' });
      await ok(x);
    },
    client: (client) => client.send('POST', '/graphql', { body: {} }),
    expected: [
      {
        is_failure: true,
        actor: { id: 'u1' },
        is_anonymous: false,
        fields: { reason: 'wrong_password', evidence: 'marker', status: '200' },
      },
    ],
  },
  {
    name: 'JWT login with a user and no session',
    handler: async (x) => {
      x.setUser({ id: 7, name: 'Ann', tenantId: 'acme' });
      await ok(x);
    },
    client: post,
    expected: [
      {
        actor: { id: '7', name: 'Ann' },
        group: { id: 'acme' },
        fields: { outcome: 'success', evidence: 'user', group_source: 'resolved' },
      },
    ],
  },
  {
    name: 'OAuth callback',
    handler: async (x) => {
      x.mark.success({ actor: 'u9', method: 'oauth' });
      await x.redirect('/');
    },
    client: (client) => client.send('GET', '/callback?code=c&state=s'),
    expected: [{ actor: { id: 'u9' }, fields: { method: 'oauth' } }],
  },
  {
    name: 'MFA challenge, then success',
    handler: async (x) => ((x.body as { otp?: string }).otp ? x.mark.success({ actor: 'u1' }) : x.mark.challenge({ actor: 'u1' }), ok(x)),
    client: async (client) => [await post(client), await post(client, { body: { otp: '1' } })],
    expected: [
      { action: 'user.login.challenge', is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'challenge' } },
      { action: 'user.login', fields: { outcome: 'success' } },
    ],
  },
  {
    name: 'MFA challenge, abandoned',
    handler: async (x) => (x.mark.challenge({ actor: 'u1' }), ok(x)),
    client: async (client) => [await post(client), await client.send('GET', '/login')],
    expected: [{ action: 'user.login.challenge', is_failure: false, fields: { outcome: 'challenge' } }],
  },
  {
    name: 'MFA by a rule: a wrong code, then the right one, with its factors',
    options: {
      rules: [{ match: '/mfa', action: 'user.login.challenge' }],
      factors: ({ session }) => (ownerIn(session) ? ['password', 'totp'] : null),
    },
    handler: async (x) => {
      if (!(x.body as { right?: boolean }).right) return x.json(401, {});
      await x.logIn('u1');
      await ok(x);
    },
    client: async (client) => [
      await client.send('POST', '/mfa', { body: { code: '1' } }),
      await client.send('POST', '/mfa', { body: { code: '2', right: true } }),
    ],
    expected: [
      { action: 'user.login.challenge', is_failure: true, is_anonymous: true, fields: { outcome: 'failure', reason: 'mfa_failed' } },
      { action: 'user.login', actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'session', factors: 'password,totp' } },
    ],
  },
  {
    name: 'a body rule tells GraphQL answers apart',
    options: {
      routes: ['/graphql'],
      outcome: ({ responseBody }) => {
        const { data } = responseBody as { data: { login: { error?: string } } };
        return data.login.error ? { outcome: 'failure', reason: 'wrong_password' } : 'success';
      },
    },
    handler: (x) =>
      x.json(200, { data: { login: (x.body as { right?: boolean }).right ? { token: CANARIES.token } : { error: 'WRONG' } } }),
    client: async (client) => [
      await client.send('POST', '/graphql', { body: { ...LOGIN } }),
      await client.send('POST', '/graphql', { body: { ...LOGIN, right: true } }),
    ],
    expected: [
      { is_failure: true, fields: { outcome: 'failure', reason: 'wrong_password', evidence: 'body', status: '200' } },
      { is_failure: false, fields: { outcome: 'success', evidence: 'body' } },
    ],
  },
  {
    name: 'a body rule sees streamed answers, and none that are longer than its limit',
    options: { outcome: ({ responseBody }) => (responseBody === undefined ? null : 'failure'), outcomeBodyLimit: 8 },
    handler: (x) => x.stream((x.body as { long?: boolean }).long ? ['12345', '6789'] : ['1234', '5678'], 5),
    client: async (client) => [await post(client), await post(client, { body: { ...LOGIN, long: true } })],
    expected: [{ fields: { outcome: 'failure', evidence: 'body' } }, { fields: { outcome: 'success', evidence: 'status' } }],
  },
  {
    name: 'logout by a rule',
    options: { rules: [{ match: 'POST /logout', action: 'user.logout' }] },
    handler: async (x) => {
      if ((x.body as { out?: boolean }).out) await x.logOut();
      else await x.logIn('u1');
      await x.redirect('/login');
    },
    client: async (client) => {
      const cookie = cookieOf(await post(client));
      await client.send('POST', '/logout', { body: { out: true }, headers: { cookie } });
    },
    expected: [
      { action: 'user.login', fields: { outcome: 'success' } },
      { action: 'user.logout', crud: 'd', is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'session' } },
    ],
  },
  {
    name: 'impersonation by a rule keeps the original actor',
    options: { rules: [{ match: '/impersonate', action: 'user.impersonate.start' }] },
    handler: async (x) => {
      await x.logIn((x.body as { as?: string }).as ?? 'admin');
      await x.redirect('/');
    },
    client: async (client) => {
      const cookie = cookieOf(await post(client));
      await client.send('POST', '/impersonate', { body: { as: 'u1' }, headers: { cookie } });
    },
    expected: [
      { actor: { id: 'admin' } },
      {
        action: 'user.impersonate.start',
        actor: { id: 'admin' },
        target: { id: 'u1', type: 'user' },
        fields: { outcome: 'success', original_actor: 'admin' },
      },
    ],
  },
  {
    name: 'a password change by a marker, under impersonation',
    handler: async (x) => {
      x.mark.failure('wrong_password', { action: 'user.password.change', actor: 'u1', originalActor: 'admin' });
      await x.json(403, {});
    },
    client: (client) => client.send('POST', '/password', { body: LOGIN }),
    expected: [
      {
        action: 'user.password.change',
        crud: 'u',
        is_failure: true,
        actor: { id: 'u1' },
        description: 'Password change failed',
        fields: { reason: 'wrong_password', original_actor: 'admin' },
      },
    ],
  },
  {
    name: 'a refreshed session is no login',
    handler: ok,
    client: (client) => post(client, { body: { grant_type: 'refresh_token', refresh_token: CANARIES.token } }),
    expected: [{ action: 'user.session.refresh', crud: 'u', is_failure: false, fields: { outcome: 'success' } }],
  },
  {
    name: 'aborted before the handler answers',
    handler: async (x) => (await pause(80), ok(x)),
    client: (client) => post(client, { hangUp: 20 }),
    expected: [aborted],
  },
  {
    name: 'aborted while the answer streams',
    handler: (x) => x.stream(['a', 'b'], 150),
    client: (client) => post(client, { hangUp: 'head' }),
    expected: [aborted],
  },
  { name: 'a handler that never answers', handler: (x) => x.hang(), client: (client) => post(client, { hangUp: 30 }), expected: [aborted] },
  {
    name: 'aborted after a login was marked',
    handler: async (x) => (x.mark.success({ actor: 'u1' }), x.hang()),
    client: (client) => post(client, { hangUp: 30 }),
    expected: [{ is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'marker' } }],
  },
  {
    name: 'streamed answer',
    handler: (x) => x.stream(['a', 'b'], 10),
    client: post,
    expected: [{ is_failure: false, fields: { outcome: 'success' } }],
  },
  {
    name: 'no event for HEAD, OPTIONS, GET, another path, 404',
    handler: ok,
    client: async (client) => {
      for (const method of ['HEAD', 'OPTIONS', 'GET']) await client.send(method, '/login');
      await client.send('GET', '/other');
      await client.send('POST', '/v2/login', { body: LOGIN });
    },
    expected: [],
  },
  { name: 'no event for what is marked as no attempt', handler: async (x) => (x.mark.skip(), ok(x)), client: post, expected: [] },
  {
    name: 'mounted twice',
    setup: { twice: true },
    handler: (x) => x.json(401, {}),
    client: post,
    expected: [{ fields: { outcome: 'failure' } }],
  },
  {
    name: 'on a route, whatever its path',
    handler: (x) => x.json(401, {}),
    client: (client) => client.send('POST', '/enter', { body: LOGIN }),
    expected: [{ fields: { outcome: 'failure', route: '/enter' } }],
  },
  {
    name: 'behind no proxy a forwarded address is ignored',
    handler: ok,
    client: (client) => post(client, { headers: { 'x-forwarded-for': '203.0.113.7' } }),
    expected: [{ source_ip: '127.0.0.1' }],
  },
  {
    name: 'behind one proxy',
    setup: { trustedProxies: 1 },
    handler: ok,
    client: async (client) => {
      for (const address of ['203.0.113.7', '::ffff:203.0.113.8', '2001:db8::7'])
        await post(client, { headers: { 'x-forwarded-for': `198.51.100.9, ${address}` } });
    },
    expected: [{ source_ip: '203.0.113.7' }, { source_ip: '203.0.113.8' }, { source_ip: '2001:db8:0:0:0:0:0:7' }],
  },
  {
    name: 'behind two proxies',
    setup: { trustedProxies: 2 },
    handler: ok,
    client: (client) => post(client, { headers: { 'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.0.0.1' } }),
    expected: [{ source_ip: '203.0.113.7' }],
  },
  {
    name: 'IPv6 and IPv4-mapped clients of one socket',
    setup: { host: '::' },
    handler: ok,
    client: async (client) => [await post(client), await post(client, { host: '::1' })],
    expected: [{ source_ip: '127.0.0.1' }, { source_ip: '0:0:0:0:0:0:0:1' }],
  },
  {
    name: 'several logins on one connection',
    handler: (x) => x.json(401, {}),
    client: async (client) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let index = 0; index < 3; index += 1) await post(client, { agent });
      agent.destroy();
    },
    expected: [{}, {}, {}],
  },
  {
    name: 'two hundred logins at once',
    handler: async (x) => {
      await pause(Math.random() * 20);
      x.mark.success({ actor: (x.body as typeof LOGIN).username });
      await ok(x);
    },
    client: (client) =>
      Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          post(client, {
            body: { username: `u${index}` },
            headers: { traceparent: `00-${String(index + 1).padStart(32, '0')}-00f067aa0ba902b7-01` },
          }),
        ),
      ),
    expected: (events) => {
      assert.equal(events.length, 200);
      for (const { actor, fields } of events) assert.equal(Number(fields!['trace_id']), Number(actor!.id.slice(1)) + 1);
    },
  },
];

/** Takes the place of what the contract uses by itself. */
export interface AdapterContractParts {
  /** The auditor of a scenario. @default a {@link recordingAuditor} */
  auditor?: () => RecordingAuditor;
  /** Takes every secret that went through the scenarios: canaries, and the session cookies that the application set. */
  secrets?: Set<string>;
}

/**
 * The contract of every adapter: run each scenario with `run()`.
 *
 * @param adapter how to start an application
 * @param parts what takes the place of the usual parts
 */
export function adapterContract(adapter: ContractAdapter, parts: AdapterContractParts = {}): ContractTest[] {
  return scenarios.map((scenario) => ({
    name: scenario.name,
    run: () => runScenario(adapter, scenario, parts),
    ...(scenario.setup?.host === '::' &&
      !hasIpv6() && { skip: 'this machine has no IPv6: enable it, e.g. by sysctl net.ipv6.conf.lo.disable_ipv6=0' }),
  }));
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}

async function runScenario(
  adapter: ContractAdapter,
  { options, setup, handler, client, expected }: Scenario,
  { auditor: makeAuditor = () => recordingAuditor({ identityKey: 'key-of-the-contract' }), secrets = new Set() }: AdapterContractParts,
): Promise<void> {
  const auditor = makeAuditor();
  const server = await adapter.start({ ...options, auditor: auditor }, handler, {
    host: '127.0.0.1',
    trustedProxies: 0,
    twice: false,
    ...setup,
  });
  for (const canary of Object.values(CANARIES)) secrets.add(canary);
  try {
    await client(clientOf(server.base, secrets));
    const count = typeof expected === 'function' ? 1 : expected.length;
    await auditor.settled(count);
    // What should not come has had its chance by now.
    await pause(30);
    const events = await auditor.settled(count);
    if (typeof expected === 'function') expected(events);
    else compare(events, expected as PartialEvent[]);
    const text = JSON.stringify(events);
    for (const secret of secrets) assert.ok(!text.includes(secret), `the secret ${secret.slice(0, 9)}… is in an event`);
    assert.deepEqual(auditor.problems, []);
  } finally {
    await server.close();
    await auditor.close();
  }
}

function ownerIn(session: unknown): unknown {
  return (session as { userId?: unknown } | undefined)?.userId;
}

/** The cookies of an answer, as a browser would send them back. */
function cookieOf(answer: Awaited<ReturnType<ContractClient['send']>>): string {
  const cookies = answer === 'aborted' ? [] : (answer.headers['set-cookie'] ?? []);
  assert.notEqual(cookies.length, 0, 'the application set no session cookie');
  return cookies.map((text) => text.split(';')[0]).join('; ');
}

function compare(events: readonly AuditEvent[], expected: readonly PartialEvent[]): void {
  assert.equal(events.length, expected.length, `${events.length} events, expected ${expected.length}: ${JSON.stringify(events)}`);
  expected.forEach(({ fields, ...parts }, index) => {
    const event = events[index]!;
    for (const [key, value] of Object.entries(parts))
      assert.deepEqual(event[key as keyof AuditEvent], value, `${key} of ${JSON.stringify(event)}`);
    for (const [key, value] of Object.entries(fields ?? {}))
      assert.equal(event.fields?.[key], value, `fields.${key} of ${JSON.stringify(event)}`);
  });
}

function clientOf(base: string, secrets: Set<string>): ContractClient {
  return {
    send: (method, path, { body, headers: { cookie, ...headers } = {}, hangUp, agent, host } = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const call = request(`${base}${path}${path.includes('?') ? '&' : '?'}access_token=${CANARIES.token}`, {
          method,
          ...(host !== undefined && { hostname: host }),
          agent: agent ?? false,
          headers: {
            ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
            cookie: [cookie, `theme=${CANARIES.cookie}`].filter(Boolean).join('; '),
            'x-api-key': CANARIES.token,
            ...headers,
          },
        });
        call.on('error', (problem) => (hangUp === undefined ? reject(problem) : resolve('aborted')));
        call.on('response', (response) => {
          for (const text of response.headers['set-cookie'] ?? []) keepSecret(secrets, text);
          if (hangUp === 'head') {
            call.destroy();
            return resolve('aborted');
          }
          response.resume().on('end', () => resolve({ status: response.statusCode!, headers: response.headers }));
        });
        call.on('finish', () => {
          if (typeof hangUp === 'number') setTimeout(() => call.destroy(), hangUp);
        });
        call.end(text);
      }),
  };
}

/** Keeps the secret part of a session cookie, as servers keep it: without its signature, which the libraries put behind a dot. */
function keepSecret(secrets: Set<string>, cookie: string): void {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1).split(';')[0]!);
  const secret = value.replace(/^s:/, '').split('.')[0]!;
  if (secret !== '') secrets.add(secret);
}
