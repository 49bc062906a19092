import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuditLoginOptions, auditPassport, mark } from '@auditlogin/core';
import { auditLogin as onExpress } from '@auditlogin/express';
import { auditLogin as onFastify } from '@auditlogin/fastify';
import { auditLogin as onKoa } from '@auditlogin/koa';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import fastifyCookie from '@fastify/cookie';
import { Authenticator } from '@fastify/passport';
import fastifySession from '@fastify/session';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import express5 from 'express';
import express4 from 'express4';
import fastify5 from 'fastify';
import fastify4 from 'fastify4';
import Koa3 from 'koa';
import Koa2 from 'koa2';
import { Passport } from 'passport';
import { Strategy as Local } from 'passport-local';

interface Login {
  username: string;
  password: string;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A service without access to the request. It checks a password and states the outcome by `mark()`. */
async function logIn({ username, password }: Login): Promise<boolean> {
  await pause(Math.random() * 10);
  const isRight = await new Promise((resolve) => setImmediate(resolve, password === 'right'));
  if (isRight) mark().success({ actor: username });
  else mark().failure('wrong_password', { actor: username });
  return isRight === true;
}

/** Passport's verify callback, which gets no request either. Under Jest, Passport is not found automatically: see `auditPassport()`. */
const verify = (username: string, password: string, done: (problem: unknown, user?: object | false) => void): void => {
  setTimeout(() => {
    if (password === 'right') return done(null, { id: username });
    mark().failure('account_locked', { actor: username });
    done(null, false);
  }, 2);
};

type Start = (options: AuditLoginOptions<never>) => Promise<Server> | Server;

const inExpress =
  (framework: typeof express5): Start =>
  (options) => {
    const app = framework();
    const passport = new Passport();
    auditPassport(passport);
    passport.use(new Local(verify));
    app.use(onExpress(options as never), framework.json(), framework.urlencoded({ extended: true }));
    app.post('/enter', (request, response, next) => {
      logIn(request.body as Login).then((isIn) => void response.status(isIn ? 200 : 401).json({}), next);
    });
    app.post(
      '/login',
      passport.authenticate('local', { session: false }) as express5.RequestHandler,
      (_request, response) => void response.json({}),
    );
    return createServer(app);
  };

const inKoa =
  (Koa: typeof Koa3): Start =>
  (options) => {
    const app = new Koa();
    app.silent = true;
    const router = new Router();
    router.post('/enter', async (context) => {
      context.status = (await logIn((context.request as unknown as { body: Login }).body)) ? 200 : 401;
      context.body = {};
    });
    app
      .use(onKoa(options as never))
      .use(bodyParser() as Koa3.Middleware)
      .use(router.routes() as unknown as Koa3.Middleware);
    const handle = app.callback();
    return createServer((request, response) => void handle(request, response));
  };

const inFastify =
  (framework: typeof fastify5): Start =>
  async (options) => {
    const app = framework();
    await app.register(onFastify, options as never);
    app.post('/enter', async (request, reply) => reply.code((await logIn(request.body as Login)) ? 200 : 401).send({}));
    if (framework === fastify5) {
      const passport = new Authenticator();
      auditPassport(passport);
      passport.use(new Local(verify) as never);
      await app.register(fastifyCookie);
      await app.register(fastifySession, { secret: 'secret-of-the-marks-is-32-letters', cookie: { secure: false } });
      await app.register(passport.initialize());
      app.post('/login', { preValidation: passport.authenticate('local', { session: false }) as never }, (_request, reply) =>
        reply.send({}),
      );
    }
    await app.ready();
    return app.server;
  };

const HOSTS: Record<string, Start> = {
  'Express 5': inExpress(express5),
  'Express 4': inExpress(express4),
  'Koa 3': inKoa(Koa3),
  'Koa 2': inKoa(Koa2),
  'Fastify 5': inFastify(fastify5),
  'Fastify 4': inFastify(fastify4 as unknown as typeof fastify5),
};

let auditor: RecordingAuditor;
let server: Server;
let base: string;

async function serve(start: Start): Promise<void> {
  auditor = recordingAuditor();
  server = await start({ auditor });
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await auditor.close();
});

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify(body),
  });
}

describe.each(Object.entries(HOSTS))('mark() without the request: %s', (_host, start) => {
  beforeEach(() => serve(start));

  it('works inside a service and after the body parsers', async () => {
    expect((await post('/enter', { username: 'ann', password: 'right' })).status).toBe(200);
    expect((await post('/enter', { username: 'bob', password: 'wrong' })).status).toBe(401);
    expect(await auditor.settled(2)).toMatchObject([
      { is_failure: false, actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'marker', found_by: 'marker', route: '/enter' } },
      { is_failure: true, target: { id: 'bob', type: 'account' }, fields: { outcome: 'failure', reason: 'wrong_password' } },
    ]);
    expect(auditor.events).toHaveLength(2);
  });

  it('never mixes up a hundred concurrent requests', async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        post(
          '/enter',
          { username: `u${index}`, password: index % 2 ? 'right' : 'wrong' },
          { traceparent: `00-${String(index + 1).padStart(32, '0')}-00f067aa0ba902b7-01` },
        ),
      ),
    );
    const events = await auditor.settled(100);
    const seen = events.map(({ fields, actor, target }) => [
      Number(fields?.['trace_id']) - 1,
      fields?.['outcome'],
      actor?.id ?? target?.id,
    ]);
    expect(seen.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 100 }, (_, index) => [index, index % 2 ? 'success' : 'failure', `u${index}`]),
    );
  });
});

describe.each(['Express 5', 'Express 4', 'Fastify 5'])('mark() in a verify callback of Passport: %s', (host) => {
  beforeEach(() => serve(HOSTS[host]!));

  it("belongs to the same attempt as the strategy's verdict", async () => {
    await post('/login', { username: 'ann', password: 'right' });
    await post('/login', { username: 'bob', password: 'wrong' });
    expect(await auditor.settled(2)).toMatchObject([
      { is_failure: false, actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'passport' } },
      {
        is_failure: true,
        target: { id: 'bob', type: 'account' },
        fields: { outcome: 'failure', reason: 'account_locked', evidence: 'marker' },
      },
    ]);
    await pause(30);
    expect(await auditor.settled(2)).toHaveLength(2);
  });
});

describe('mark() without an observed request', () => {
  it('warns once with the place of the call, and records nothing', async () => {
    await serve(HOSTS['Express 5']!);
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    for (let i = 0; i < 3; i += 1) mark().failure('wrong_password');
    const said = warn.mock.calls.map(([text]) => String(text));
    warn.mockRestore();
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/mark\(\) spoke about no request, .*mark\.test\.ts/);
    expect(await auditor.settled(0)).toEqual([]);
  });
});

describe('coverage()', () => {
  it('lists each route that took a password once, and whether it is audited', async () => {
    auditor = recordingAuditor();
    const app = express5();
    app.use(onExpress({ auditor }), express5.json());
    app.post(['/login', '/t/:tenant/enter', '/search'], (_request, response) => void response.status(401).end());
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const path of ['/login', '/t/a/enter', '/t/b/enter']) await post(path, { username: 'ann', password: 'x' });
    await post('/search', { query: 'password' });
    await auditor.settled(1);
    const routes = auditor.coverage().map(({ method, isAudited, ...more }) => ({ method, isAudited, route: more.route }));
    // The pattern of a route with several paths contains all of them, so the path shows which one ran.
    expect(routes.filter(({ isAudited }) => isAudited)).toHaveLength(1);
    expect(routes.filter(({ isAudited }) => !isAudited).length).toBeGreaterThan(0);
    expect(JSON.stringify(routes)).not.toContain('/search"');
  });
});
