import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { filesUnder, findSecrets } from './secrets.js';
import { startWiretap, type Wiretap } from './wiretap.js';

const root = join(__dirname, '..');
const PASSWORD = 'correct horse';
const WRONG = 'wrong-canary-91c2';

interface Found {
  action: string;
  is_failure: boolean;
  actor?: string | undefined;
  group?: string | undefined;
  target?: string | undefined;
  [field: string]: unknown;
}

/** A running example, started like by a user, and everything that it wrote. */
class Example {
  readonly secrets = new Set([PASSWORD, WRONG]);
  private cookies = new Map<string, string>();

  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
    readonly output: () => string,
  ) {}

  static async start(name: string, log: { apiBase: string; project: string; token: string }, folder: string): Promise<Example> {
    const child = spawn(process.execPath, [join(root, 'examples', name, 'dist', 'main.js')], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        AUDITLOG_API_BASE: log.apiBase,
        AUDITLOG_API_PROJECT: log.project,
        AUDITLOG_API_TOKEN: log.token,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const due = Date.now() + 15_000;
    for (;;) {
      const address = /listening on (\S+)/.exec(output)?.[1];
      if (address) return new Example(child, address, () => output);
      if (child.exitCode !== null || Date.now() > due) throw new Error(`${name} did not start: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Sends a request with the cookies so far, and does not follow redirects. */
  async send(
    method: string,
    path: string,
    body?: Record<string, string> | object,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const url = new URL(path, this.address);
    const jar = [...this.cookies]
      .filter(([key]) => key.startsWith(url.host))
      .map(([key, value]) => `${key.slice(key.indexOf(' ') + 1)}=${value}`);
    const isForm = body instanceof URLSearchParams;
    const answer = await fetch(url, {
      method,
      redirect: 'manual',
      headers: {
        ...(jar.length > 0 && { cookie: jar.join('; ') }),
        ...(body && !isForm && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.cookies.set(`${url.host} ${name}`, value);
      // The secret is the cookie's value without its signature. Short values could occur by chance.
      if (value.length >= 16) this.secrets.add(decodeURIComponent(value).replace(/^s:/, '').split('.')[0]!);
    }
    return answer;
  }

  forgetCookies(): void {
    this.cookies = new Map();
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    if (this.child.exitCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }
}

const QUERY = `query ($query: String!) { search(query: $query, first: 100) { edges { node {
  action is_failure actor { id } group { id } target { id } fields { key value } } } } }`;

async function eventsOf({ apiBase, project, token }: Collector): Promise<Found[]> {
  const answer = await fetch(`${apiBase}/publisher/v1/project/${project}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Token token=${token}` },
    body: JSON.stringify({ query: QUERY, variables: { query: '' } }),
  });
  const { data } = (await answer.json()) as { data: { search: { edges: { node: Record<string, never> }[] } } };
  return data.search.edges.map(({ node }) => {
    const { action, is_failure, actor, group, target, fields } = node as unknown as {
      action: string;
      is_failure: boolean;
      fields: { key: string; value: string }[];
    } & Record<'actor' | 'group' | 'target', { id: string | null }>;
    const pairs = Object.fromEntries(fields.map(({ key, value }) => [key, value]));
    return { action, is_failure, actor: actor.id ?? undefined, group: group.id ?? undefined, target: target.id ?? undefined, ...pairs };
  });
}

interface Story {
  drive(example: Example): Promise<void>;
  /** The expected events, in order. */
  expected: object[];
}

async function tokenIn(answer: Response, name: string, example: Example): Promise<string> {
  const token = ((await answer.json()) as Record<string, string>)[name]!;
  // The signature is the secret part of a JSON Web Token.
  example.secrets.add(token.split('.').at(-1)!);
  return token;
}

/** Follows the pages of the provider, like a person with a browser, until it redirects to the application. */
async function logInAtProvider(example: Example, start: Response, username: string): Promise<void> {
  let answer = start;
  for (let step = 0; step < 12; step += 1) {
    const location = answer.headers.get('location');
    if (location?.startsWith(`${example.address}/callback`)) {
      await example.send('GET', location);
      return;
    }
    if (location) {
      answer = await example.send('GET', new URL(location, answer.url).href);
      continue;
    }
    const page = await answer.text();
    if (username === '') {
      const abort = /href="([^"]*\/abort)"/.exec(page)![1]!;
      answer = await example.send('GET', new URL(abort, answer.url).href);
      continue;
    }
    const action = /action="([^"]+)"/.exec(page)![1]!;
    const prompt = /name="prompt" value="(\w+)"/.exec(page)![1]!;
    answer = await example.send(
      'POST',
      new URL(action, answer.url).href,
      new URLSearchParams({ prompt, login: username, password: PASSWORD }),
    );
  }
  throw new Error('the provider never sent us back');
}

const graphqlLogin = (username: string, password: string): object => ({
  query: 'mutation ($username: String!, $password: String!) { login(username: $username, password: $password) { token user { id } } }',
  variables: { username, password },
});

const stories: Record<string, Story> = {
  'express-jwt': {
    async drive(example) {
      await example.send('POST', '/login', { username: 'ann', password: WRONG });
      await example.send('POST', '/login', { username: 'nobody@example.com', password: WRONG });
      const login = await example.send('POST', '/login', { username: 'ann', password: PASSWORD });
      const refresh = await tokenIn(login.clone(), 'refresh_token', example);
      const access = await tokenIn(login, 'access_token', example);
      await example.send('POST', '/token/refresh', { refresh_token: refresh });
      await example.send('POST', '/token/refresh', { refresh_token: 'forged' });
      const authorization = { authorization: `Bearer ${access}` };
      await example.send('PUT', '/password', { current: WRONG, next: 'next-canary-4401' }, authorization);
      await example.send('PUT', '/password', { current: PASSWORD, next: 'next-canary-4401' }, authorization);
      example.secrets.add('next-canary-4401');
    },
    expected: [
      { action: 'user.login', is_failure: true, actor: undefined, target: 'u-1', reason: 'wrong_password', evidence: 'marker' },
      { action: 'user.login', is_failure: true, actor: undefined, reason: 'user_not_found', identity: 'n***y@example.com' },
      { action: 'user.login', is_failure: false, actor: 'u-1', group: 'acme', factors: 'password' },
      { action: 'user.session.refresh', is_failure: false, actor: 'u-1' },
      { action: 'user.session.refresh', is_failure: true, actor: undefined, evidence: 'body', status: '401' },
      { action: 'user.password.change', is_failure: true, actor: 'u-1', reason: 'wrong_password' },
      { action: 'user.password.change', is_failure: false, actor: 'u-1', group: 'acme' },
    ],
  },
  'koa-passport': {
    async drive(example) {
      const form = (username: string, password: string): URLSearchParams => new URLSearchParams({ username, password });
      await example.send('POST', '/login', form('leo', PASSWORD));
      await example.send('POST', '/login', form('bo', PASSWORD));
      expect(await (await example.send('GET', '/')).text()).toBe('Welcome, Bo Globe');
      await example.send('POST', '/logout');
      expect(await (await example.send('GET', '/')).text()).toBe('Please log in');
    },
    expected: [
      { action: 'user.login', is_failure: true, actor: undefined, target: 'u-3', reason: 'account_locked', evidence: 'marker' },
      { action: 'user.login', is_failure: false, actor: 'u-2', group: 'globex', evidence: 'passport', method: 'password' },
      { action: 'user.logout', is_failure: false, actor: 'u-2', evidence: 'session' },
    ],
  },
  'fastify-jwt': {
    async drive(example) {
      await example.send('POST', '/login', { username: 'ida', password: WRONG });
      const own = await tokenIn(await example.send('POST', '/login', { username: 'ida', password: PASSWORD }), 'token', example);
      const as = await tokenIn(
        await example.send('POST', '/impersonate', { as: 'u-1' }, { authorization: `Bearer ${own}` }),
        'token',
        example,
      );
      await example.send('POST', '/impersonate', { as: 'u-2' }, { authorization: `Bearer ${as}` });
      await example.send('DELETE', '/impersonate', undefined, { authorization: `Bearer ${as}` });
      await example.send('POST', '/login', { username: 'ida' });
    },
    expected: [
      { action: 'user.login', is_failure: true, actor: undefined, target: 'u-4', reason: 'wrong_password' },
      { action: 'user.login', is_failure: false, actor: 'u-4', group_source: 'none' },
      { action: 'user.impersonate.start', is_failure: false, actor: 'u-4', target: 'u-1', group: 'acme', original_actor: 'u-4' },
      { action: 'user.impersonate.start', is_failure: true, actor: 'u-1', target: undefined },
      { action: 'user.impersonate.stop', is_failure: false, actor: 'u-4', target: 'u-1' },
      { action: 'user.login', is_failure: true, actor: undefined, evidence: 'body', status: '400' },
    ],
  },
  'fastify-graphql': {
    async drive(example) {
      const statuses = [
        await example.send('POST', '/graphql', graphqlLogin('ann', WRONG)),
        await example.send('POST', '/graphql', graphqlLogin('leo', PASSWORD)),
        await example.send('POST', '/graphql', { query: '{ hello }' }),
        await example.send('POST', '/graphql', graphqlLogin('ann', PASSWORD)),
      ].map(({ status }) => status);
      expect(statuses).toEqual([200, 200, 200, 200]);
    },
    expected: [
      { is_failure: true, actor: undefined, reason: 'invalid_credentials', evidence: 'body', identity: 'a***', method: 'password' },
      { is_failure: true, actor: undefined, reason: 'account_locked', evidence: 'body' },
      { is_failure: false, actor: 'u-1', group: 'acme', group_source: 'resolved', evidence: 'body' },
    ],
  },
  'openid-connect': {
    async drive(example) {
      await logInAtProvider(example, await example.send('GET', '/login'), 'ann');
      expect(await (await example.send('GET', '/')).text()).toBe('Welcome, Ann Arbor');
      example.forgetCookies();
      await logInAtProvider(example, await example.send('GET', '/login'), '');
      await example.send('GET', '/callback?code=code-canary-7e1&state=forged');
      example.secrets.add('code-canary-7e1');
    },
    expected: [
      { action: 'user.login', is_failure: false, actor: 'u-1', group: 'acme', method: 'oidc', evidence: 'marker' },
      { is_failure: true, actor: undefined, reason: 'provider_error', method: 'oidc' },
      { is_failure: true, reason: 'provider_error' },
    ],
  },
};

describe.each(Object.entries(stories))('examples/%s', (name, { drive, expected }) => {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-examples-'));
  let collector: Collector;
  let wiretap: Wiretap;
  let example: Example;

  beforeAll(async () => {
    collector = await startCollector({ port: 0, dataDir: join(folder, 'collector') });
    wiretap = await startWiretap(collector.apiBase);
    example = await Example.start(name, { apiBase: wiretap.apiBase, project: collector.project, token: collector.token }, folder);
  });
  afterAll(async () => {
    await example?.stop();
    await wiretap.close();
    await collector.close();
    rmSync(folder, { recursive: true });
  });

  it('logs each of its attempts, and leaks none of its secrets', async () => {
    await drive(example);
    // On SIGTERM it publishes the waiting events and ends by itself.
    expect(await example.stop()).toBe(0);
    const events = await eventsOf(collector);
    expect(events).toHaveLength(expected.length);
    expected.forEach((part, index) => expect(events[index]).toEqual(expect.objectContaining(part)));

    const places = [...filesUnder(folder), ['what was sent', wiretap.sent()], ['its output', Buffer.from(example.output())]] as const;
    expect(wiretap.sent().includes('user.')).toBe(true);
    expect(findSecrets(example.secrets, places)).toEqual([]);
  });
});
