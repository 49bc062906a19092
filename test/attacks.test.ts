import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuditLoginOptions, auditLogin, graphqlLogin } from '@auditlogin/express';
import { auditLogin as fastifyAudit } from '@auditlogin/fastify';
import { auditLogin as koaAudit } from '@auditlogin/koa';
import { recordingAuditor } from '@auditlogin/testing';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import express, { type Express, type RequestHandler } from 'express';
import session from 'express-session';
import fastify from 'fastify';
import { buildSchema, graphql, parse } from 'graphql';
import Koa from 'koa';
import passport from 'passport';
import { Strategy } from 'passport-local';

/** Attacks on the record: what a client sends to hide a login, to hide guesses, or to make a success of a failure. */

const audit = recordingAuditor();
const closing: (() => unknown)[] = [];
beforeEach(() => audit.clear());
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => audit.close());

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function onExpress(build: (app: Express) => void, options: AuditLoginOptions = {}): Promise<string> {
  const app = express();
  app.use(auditLogin({ auditor: audit, ...options }), express.json(), express.urlencoded({ extended: true }));
  build(app);
  return listen(app);
}

interface Sent {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Sends a request. `fetch` allows no body with GET, so the socket's client is used. */
async function send(url: string, { method = 'POST', body, headers = {} }: Sent = {}): Promise<string[]> {
  const { request } = await import('node:http');
  const text = body === undefined ? '' : JSON.stringify(body);
  const sending = request(url, {
    method,
    headers: { ...(text !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }), ...headers },
  });
  sending.end(text);
  const [response] = (await once(sending, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await once(response, 'end');
  return (response.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]!);
}

/** What was recorded, in the order of the attempts. */
async function recorded(): Promise<string[]> {
  await audit.flush();
  return audit.events.map(({ action, actor, fields = {} }) => [action, fields['outcome'], actor?.id].filter(Boolean).join(' '));
}

const claims = (sub: string): string => `xxxxxxxx.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.zzzzzzzz`;
const JWT = claims('u-alice');
const RIGHT = { username: 'alice', password: 'right' };
const WRONG = { username: 'alice', password: 'wrong' };
const isRight = (body: { username?: unknown; password?: unknown } | undefined): boolean =>
  body?.username === 'alice' && String(body.password) === 'right';

describe('an echo of what the client sent is no success', () => {
  const FORGED = claims('admin-1');
  it.each<[string, (app: Express) => void, string, Sent, AuditLoginOptions?]>([
    [
      'its query',
      (app) => app.post('/login/magic', (q, r) => void r.json({ valid: false, token: q.query['token'] })),
      `/login/magic?token=${FORGED}`,
      { body: {} },
    ],
    [
      'its path',
      (app) => app.post('/verify/:token', (q, r) => void r.json({ token: q.params['token'] })),
      `/verify/${FORGED}`,
      { body: {} },
      { routes: ['POST /verify/:token'] },
    ],
    [
      'a header',
      (app) => app.post('/login', (q, r) => void r.json({ token: q.get('x-csrf-token') })),
      '/login',
      { body: WRONG, headers: { 'x-csrf-token': FORGED } },
    ],
    [
      'a cookie of its query',
      (app) => app.post('/login', (q, r) => void r.cookie('token', q.query['token']).json({})),
      `/login?token=${FORGED}`,
      { body: WRONG },
    ],
    [
      'its body, trimmed',
      (app) => app.post('/login', (q, r) => void r.json({ token: (q.body as { token: string }).token.trim() })),
      '/login',
      { body: { ...WRONG, token: `${FORGED} ` } },
    ],
    [
      'a field behind many others',
      (app) => app.post('/login', (q, r) => void r.json({ form: { token: (q.body as { token: string }).token } })),
      '/login',
      { body: { ...Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`f${index}`, '1'])), ...WRONG, token: FORGED } },
    ],
  ])('%s', async (_where, build, path, sent, ...[options]) => {
    const base = await onExpress(build, options);
    await send(base + path, sent);
    expect(await recorded()).toEqual(['user.login unknown']);
  });
});

describe('a login form that redirects to its own path hides nothing from a trailing slash', () => {
  const hosts: Record<string, () => Promise<string>> = {
    'Express 5': () =>
      onExpress((app) =>
        app.post('/login', (q, r) => (isRight(q.body as object) ? r.cookie('token', JWT).redirect('/login') : r.redirect('/login'))),
      ),
    'Koa with a router': () => {
      const app = new Koa();
      const router = new Router();
      router.post('/login', (context) => {
        if (isRight((context.request as unknown as { body: object }).body)) context.cookies.set('token', JWT);
        context.redirect('/login');
      });
      app.use(koaAudit({ auditor: audit }));
      app.use(bodyParser() as Koa.Middleware);
      app.use(router.routes() as unknown as Koa.Middleware);
      const handle = app.callback();
      return listen((request, response) => void handle(request, response));
    },
    async Fastify() {
      const app = fastify({ routerOptions: { ignoreTrailingSlash: true } });
      await app.register(fastifyAudit, { auditor: audit });
      app.post('/login', (request, reply) => {
        if (isRight(request.body as object)) reply.header('set-cookie', `token=${JWT}`);
        return reply.redirect('/login');
      });
      closing.push(() => app.close());
      return app.listen({ port: 0, host: '127.0.0.1' });
    },
    'Express without a route': () =>
      onExpress((app) => app.use((q, r, next) => (q.path.startsWith('/login') ? r.redirect('/login') : next()))),
  };
  it.each(Object.entries(hosts))('%s', async (name, start) => {
    const base = await start();
    await send(`${base}/login/`, { body: WRONG });
    if (name !== 'Express without a route') await send(`${base}/login/`, { body: RIGHT });
    expect(await recorded()).toHaveLength(name === 'Express without a route' ? 1 : 2);
  });

  it('while a redirect of the router itself is none', async () => {
    const base = await onExpress((app) => app.use((q, r, next) => (q.path === '/login/' ? r.redirect(308, '/login') : next())));
    await send(`${base}/login/`, { body: WRONG });
    expect(await recorded()).toEqual([]);
  });
});

describe('a batch of tRPC', () => {
  const serve = (): Promise<string> =>
    onExpress((app) =>
      app.use('/trpc', (q, r) => {
        const calls = decodeURIComponent(q.path.slice(1)).split(',');
        const inputs = q.body as Record<string, object>;
        const answers = calls.map((call, index) => {
          if (call !== 'auth.login') return { error: { message: 'No procedure' } };
          return isRight(inputs[index]) ? { result: { data: { token: JWT } } } : { error: { message: 'UNAUTHORIZED' } };
        });
        r.status(207).json(answers);
      }),
    );
  it.each<[string, string, unknown, string[]]>([
    [
      'has an event for each guess',
      '/trpc/auth.login,auth.login,auth.login?batch=1',
      { 0: WRONG, 1: WRONG, 2: RIGHT },
      ['user.login failure', 'user.login failure', 'user.login success u-alice'],
    ],
    [
      'cannot be hidden behind many other calls',
      `/trpc/${'a,'.repeat(150)}auth.login?batch=1`,
      { 150: RIGHT },
      ['user.login success u-alice'],
    ],
    ['cannot be hidden before a long one', `/trpc/auth.login,${'a'.repeat(2_100)}?batch=1`, { 0: RIGHT }, ['user.login success u-alice']],
  ])('%s', async (_what, path, body, expected) => {
    await send((await serve()) + path, { body });
    expect(await recorded()).toEqual(expected);
  });

  it('of more guesses than can be read is as many events, none of which claims a success', async () => {
    const base = await serve();
    await send(`${base}/trpc/${'auth.login,'.repeat(599)}auth.login?batch=1`, { body: Array.from({ length: 600 }, () => WRONG) });
    const events = await recorded();
    expect(events).toHaveLength(600);
    expect(new Set(events)).toEqual(new Set(['user.login unknown']));
  });
});

describe('any method that brings a credential to a handler of all methods', () => {
  const all = (app: Express): void => {
    app.use((q, _r, next) => {
      q.method = q.get('x-http-method-override') ?? q.method;
      next();
    });
    app.all('/login', (q, r) => void (isRight(q.body as object) ? r.json({ token: JWT }) : r.status(401).json({})));
  };
  it.each<[string, Sent]>([
    ['GET', { method: 'GET' }],
    ['OPTIONS', { method: 'OPTIONS' }],
    ['PUT', { method: 'PUT' }],
    ['POST that is overridden by OPTIONS', { headers: { 'x-http-method-override': 'OPTIONS' } }],
  ])('%s', async (_method, sent) => {
    const base = await onExpress(all);
    await send(`${base}/login`, { ...sent, body: WRONG });
    await send(`${base}/login`, { ...sent, body: RIGHT });
    expect(await recorded()).toEqual(['user.login failure', 'user.login success u-alice']);
  });

  it('while a preflight and a page are none', async () => {
    const base = await onExpress(all);
    await send(`${base}/login`, { method: 'OPTIONS' });
    await send(`${base}/login`, { method: 'GET' });
    expect(await recorded()).toEqual([]);
  });
});

describe('a credential in a list', () => {
  it.each<[string, string, object]>([
    ['sessions', '/sessions', { username: 'alice', password: ['right'] }],
    ['a token', '/oauth/token', { grant_type: ['password'], username: 'alice', password: ['right'] }],
  ])('is seen at %s', async (_name, path, body) => {
    const base = await onExpress((app) =>
      app.post(path, (q, r) => void (isRight(q.body as object) ? r.json({ token: JWT }) : r.status(401).end())),
    );
    await send(base + path, { body });
    expect(await recorded()).toEqual(['user.login success u-alice']);
  });
});

describe('GraphQL', () => {
  const schema = buildSchema(
    `type Query { me: String, enter(password: String!): String } type Mutation { login(password: String!): String }`,
  );
  const login = ({ password }: { password: string }): string | null => (password === 'right' ? JWT : null);
  const DOCUMENTS: Record<string, string> = { h1: '{ me }', h2: 'mutation { login(password: "right") }' };
  /** A server that runs the document of the request, or the stored one if it prefers that. */
  const serve = (prefers: 'text' | 'id'): Promise<string> =>
    onExpress(
      (app) =>
        app.all('/graphql', (q, r, next) => {
          const { query, id } = { ...q.query, ...(q.body as object) } as { query?: string; id?: string };
          const source = prefers === 'text' ? (query ?? DOCUMENTS[id ?? '']) : (DOCUMENTS[id ?? ''] ?? query);
          graphql({ schema, source: source!, rootValue: { me: 'x', login, enter: login } }).then((answer) => r.json(answer), next);
        }),
      {
        routes: ['POST /graphql', 'GET /graphql'],
        outcome: graphqlLogin({ field: ['login', 'enter'], parse, documents: (id) => DOCUMENTS[id] }),
      },
    );
  it.each<[string, 'text' | 'id', string, Sent, string[]]>([
    [
      'an id beside the text, of which the server runs the text',
      'text',
      '/graphql',
      { body: { query: 'mutation { login(password: "right") }', id: 'h1' } },
      ['user.login success u-alice'],
    ],
    [
      'an id beside the text, of which the server runs the id',
      'id',
      '/graphql',
      { body: { query: '{ me }', id: 'h2' } },
      ['user.login success u-alice'],
    ],
    [
      'a GET',
      'text',
      `/graphql?query=${encodeURIComponent('{ a: enter(password: "wrong") b: enter(password: "wrong") }')}`,
      { method: 'GET' },
      ['user.login failure', 'user.login failure'],
    ],
    [
      'a PUT',
      'text',
      '/graphql',
      { method: 'PUT', body: { query: 'mutation { login(password: "right") }' } },
      ['user.login success u-alice'],
    ],
    ['no login', 'text', '/graphql', { body: { query: '{ me }' } }, []],
  ])('%s', async (_what, prefers, path, sent, expected) => {
    await send((await serve(prefers)) + path, sent);
    expect(await recorded()).toEqual(expected);
  });
});

it('records every change of the account during an impersonation', async () => {
  const base = await onExpress((app) => {
    app.use(session({ secret: 's', resave: false, saveUninitialized: false }));
    app.post('/login', (q, r) => (((q.session as { userId?: string }).userId = 'admin'), void r.json({ ok: true })));
    app.post('/become/:id', (q, r) => (Object.assign(q.session, { impersonator: 'admin', userId: q.params['id'] }), void r.json({})));
  });
  const cookie = (await send(`${base}/login`, { body: RIGHT })).join('; ');
  for (const id of ['a', 'b']) await send(`${base}/become/${id}`, { headers: { cookie } });
  expect(await recorded()).toEqual([
    'user.login success admin',
    'user.impersonate.start success admin',
    'user.impersonate.start success admin',
  ]);
  expect(audit.events.map(({ target }) => target?.id)).toEqual([undefined, 'a', 'b']);
});

describe('a target that the client chose makes no failure or challenge of a success', () => {
  const serve = (): Promise<string> =>
    onExpress((app) => {
      const own = new passport.Passport();
      own.use(new Strategy((name, password, done) => done(null, isRight({ username: name, password }) && { id: 'u-alice' })));
      own.serializeUser((user, done) => done(null, (user as { id: string }).id));
      own.deserializeUser((id, done) => done(null, { id }));
      app.use(
        session({ secret: 's', resave: false, saveUninitialized: false }),
        own.initialize() as RequestHandler,
        own.session() as RequestHandler,
      );
      app.post(
        '/login/local',
        own.authenticate('local', { successReturnToOrRedirect: '/', failureRedirect: '/login', keepSessionInfo: true }) as RequestHandler,
      );
      app.post('/login', (q, r) => {
        if (!isRight(q.body as object)) return r.redirect('/login');
        Object.assign(q.session, { userId: 'u-alice' });
        const { next, from } = q.body as { next?: string; from?: string };
        const cookie = /back=([^;]*)/.exec(q.get('cookie') ?? '')?.[1];
        r.redirect(next ?? (from === 'referer' ? q.get('referer')! : cookie ? decodeURIComponent(cookie) : '/home'));
      });
      app.get('/*path', (q, r) => (Object.assign(q.session, { returnTo: q.originalUrl }), r.redirect('/login')));
    });
  it.each<[string, object, Record<string, string>?]>([
    ['with a fragment', { next: '/2fa#x' }],
    ['with dots', { next: '/a/../2fa' }],
    ['of the login page with a fragment', { next: '/login#x' }],
    ['that is relative', { next: 'home?error=1' }],
    ['with an encoded name', { next: '/home?err%6fr=1' }],
    ['in a cookie', {}, { cookie: 'back=%2Fhome%3Ferror%3D1' }],
    ['of the page that it came from', { from: 'referer' }, { referer: '/home?error=1' }],
  ])('%s', async (_what, more, ...[headers]) => {
    const base = await serve();
    await send(`${base}/login`, { body: { ...RIGHT, ...more }, ...(headers && { headers }) });
    expect(await recorded()).toEqual(['user.login success u-alice']);
  });

  it.each(['/account/2fa', '/x?error=1'])('%s, which the session remembers from an earlier request', async (path) => {
    const base = await serve();
    const cookie = (await send(base + path, { method: 'GET' })).join('; ');
    await send(`${base}/login/local`, { body: RIGHT, headers: { cookie } });
    expect(await recorded()).toEqual(['user.login success u-alice']);
  });
});

it.each<[string, object]>([
  ['refresh', { refresh: 'x' }],
  ['refresh_token', { refresh_token: 'x' }],
  ['a strategy', { strategy: 'jwt' }],
])('a guess of a code stays a login with a field for a %s', async (_what, more) => {
  const base = await onExpress((app) =>
    app.post(
      '/login/code',
      (q, r) => void ((q.body as { code: string }).code === '123456' ? r.json({ token: JWT }) : r.status(401).json({})),
    ),
  );
  await send(`${base}/login/code`, { body: { email: 'a@b.example', code: '000000', ...more } });
  await send(`${base}/login/code`, { body: { email: 'a@b.example', code: '123456', ...more } });
  expect(await recorded()).toEqual(['user.login failure', 'user.login success u-alice']);
});
