import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import type { AuditLoginOptions, Auditor } from '@auditlogin/core';
import { auditLogin as onExpress } from '@auditlogin/express';
import { auditLogin as onFastify } from '@auditlogin/fastify';
import { auditLogin as onKoa } from '@auditlogin/koa';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import Router from '@koa/router';
import express5 from 'express';
import express4 from 'express4';
import fastify5, { type FastifyServerOptions } from 'fastify';
import fastify4 from 'fastify4';
import Koa3 from 'koa';
import Koa2 from 'koa2';

/** A configuration of the audit, and the place of the login handler. */
interface Way {
  /** The usual path of the handler. */
  path: string;
  /** The route of the handler, and the prefixes of its routers. */
  mount: { prefixes: string[]; route: string };
  options?: Pick<AuditLoginOptions<never>, 'routes' | 'rules'>;
  /** Whether the audit is mounted on the route itself. */
  isOnRoute?: true;
  /** Whether one handler serves all paths and logs in if the last word is `login`. */
  isCatchAll?: true;
}

const WAYS: Record<string, Way> = {
  'by default': { path: '/login', mount: { prefixes: [], route: '/login' } },
  'by routes': { path: '/enter', mount: { prefixes: [], route: '/enter' }, options: { routes: ['POST /enter'] } },
  'by rules': { path: '/bye', mount: { prefixes: [], route: '/bye' }, options: { rules: [{ match: 'POST /bye', action: 'user.logout' }] } },
  'on the route': { path: '/door', mount: { prefixes: [], route: '/door' }, isOnRoute: true },
  'mounted deep': { path: '/api/v2/login', mount: { prefixes: ['/api', '/v2'], route: '/login' } },
  'mounted deep, by routes': {
    path: '/api/v2/enter',
    mount: { prefixes: ['/api', '/v2'], route: '/enter' },
    options: { routes: ['POST /api/v2/enter'] },
  },
  'behind a catch-all': { path: '/login', mount: { prefixes: [], route: '/' }, isCatchAll: true },
};

/** Spellings of a path that a client may use (RFC 3986, section 6.2; RFC 9112, section 3.2), and similar other paths. */
function spellingsOf(path: string): string[] {
  const [first, ...letters] = path.slice(1);
  const encode = (letter: string): string => `%${letter.charCodeAt(0).toString(16)}`;
  return [
    ...[
      path,
      `${path}?next=%2Fnews`,
      `${path}?`,
      `${path}/`,
      `${path}//`,
      `${path}/.`,
      `${path}%2F`,
      `/${path}`,
      `//.${path}`,
      `/.${path}`,
    ],
    ...[
      path.toUpperCase(),
      `${path[0]}${first!.toUpperCase()}${letters.join('')}`,
      `http://other.example${path}`,
      `HTTP://other.example${path}?a=b`,
    ],
    ...[`/${encode(first!)}${letters.join('')}`, `/${first}${encode(letters[0]!).toUpperCase()}${letters.slice(1).join('')}`],
    ...[`${path.slice(0, -1)}${encode(path.at(-1)!)}`, path.replaceAll('/', '%2F').replace('%2F', '/')],
    ...[
      `${path};a=b`,
      `${path};`,
      `${path}\\`,
      `${path}\\#`,
      `${path}%00`,
      `${path}%20`,
      `${path}%23`,
      `${path}%3Fa=b`,
      `${path}.json`,
      `/news/..${path}`,
    ],
    ...[
      '/news',
      '/',
      `${path}x`,
      `/x${path.slice(1)}`,
      `${path}/extra`,
      `/news?at=${path}`,
      `/news/${path}`,
      `/%`,
      `${path}%`,
      `${path}%zz`,
    ],
  ];
}

type Ran = (trace: string | undefined) => void;
type Start = (way: Way, auditor: Auditor, login: Ran) => Promise<Server> | Server;

/** Whether the handler of all paths reads a decoded path as a login. */
const isLogin = (path: string): boolean => /(?:^|\/)login\/*$/i.test(path);
/** Whether some router could read a target as a login. If no router reports a route, such a request is audited, so that no login is hidden. */
const mayBeLogin = (target: string): boolean => /\/login(?![a-z])/i.test(target);

const inExpress =
  (framework: typeof express5): Start =>
  ({ mount, options, isOnRoute, isCatchAll }, auditor, login) => {
    const app = framework();
    const audit = onExpress({ auditor, ...options });
    if (!isOnRoute) app.use(audit);
    const handler: express5.RequestHandler = (request, response) => {
      if (!isCatchAll || isLogin(decodeURIComponent(request.path))) login(request.get('traceparent'));
      response.status(401).end();
    };
    const inner = mount.prefixes.reduceRight<express5.Router>(
      (router, prefix) => framework.Router().use(prefix, router),
      isCatchAll
        ? framework.Router().post(/.*/, handler)
        : framework
            .Router()
            .post(mount.route, ...(isOnRoute ? [audit] : []), handler)
            .post('/news', (_request, response) => void response.end()),
    );
    app.use(inner);
    app.use(((_problem, _request, response, _next) => void response.status(400).end()) as express5.ErrorRequestHandler);
    return createServer(app);
  };

const inKoa =
  (Koa: typeof Koa3): Start =>
  ({ mount, options, isOnRoute, isCatchAll }, auditor, login) => {
    const app = new Koa();
    app.silent = true;
    const audit = onKoa({ auditor, ...options });
    if (!isOnRoute) app.use(audit);
    const handler = (context: Koa3.Context): void => {
      if (!isCatchAll || isLogin(decodeURIComponent(context.path))) login(context.get('traceparent'));
      context.status = 401;
    };
    if (isCatchAll) app.use(handler);
    else {
      const innermost = new Router().post(mount.route, ...((isOnRoute ? [audit] : []) as never[]), handler as never);
      innermost.post('/news', (context) => void (context.status = 200));
      const router = mount.prefixes.reduceRight((inner, prefix) => new Router().use(prefix, inner.routes()), innermost);
      app.use(router.routes() as unknown as Koa3.Middleware);
    }
    const handle = app.callback();
    return createServer((request, response) => void handle(request, response));
  };

const inFastify =
  (framework: typeof fastify5, settings: FastifyServerOptions = {}): Start =>
  async ({ mount, options, isOnRoute, isCatchAll }, auditor, login) => {
    const app = framework(settings);
    await app.register(onFastify, { auditor, ...options } as never);
    const deepest = (level: number): Parameters<typeof app.register>[0] =>
      (async (instance: typeof app) => {
        const prefix = mount.prefixes[level];
        if (prefix !== undefined) return void (await instance.register(deepest(level + 1) as never, { prefix }));
        instance.post(isCatchAll ? '*' : mount.route, isOnRoute ? { config: { auditLogin: true } } : {}, (request, reply) => {
          if (!isCatchAll || isLogin((request.params as { '*': string })['*'])) login(request.headers['traceparent'] as string);
          return reply.code(401).send();
        });
        if (!isCatchAll) instance.post('/news', (_request, reply) => reply.send());
      }) as never;
    await app.register(deepest(0) as never);
    await app.ready();
    return app.server;
  };

const LENIENT = { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false, useSemicolonDelimiter: true };
const FRAMEWORKS: Record<string, Start> = {
  'Express 5': inExpress(express5),
  'Express 4': inExpress(express4),
  'Koa 3': inKoa(Koa3),
  'Koa 2': inKoa(Koa2),
  'Fastify 5': inFastify(fastify5),
  'Fastify 5, lenient': inFastify(fastify5, { routerOptions: LENIENT }),
  'Fastify 4': inFastify(fastify4 as unknown as typeof fastify5),
  'Fastify 4, lenient': inFastify(fastify4 as unknown as typeof fastify5, LENIENT),
};

const traceOf = (index: number): string => String(index + 1).padStart(32, '0');

/** Sends a request line that client libraries would normalise. */
function send(port: number, target: string, trace: string): Promise<void> {
  const body = '{"username":"eve","password":"guess"}';
  const head = [
    'Host: a',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `Traceparent: 00-${trace}-00f067aa0ba902b7-01`,
  ];
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write([`POST ${target} HTTP/1.1`, ...head, 'Connection: close', '', body].join('\r\n')),
    );
    socket.setTimeout(10_000, () => socket.destroy());
    socket
      .on('error', () => undefined)
      .on('close', () => resolve())
      .resume();
  });
}

const counts = { reached: 0, sent: 0, missed: 0, invented: 0 };
afterAll(() => {
  const { reached, sent, missed, invented } = counts;
  process.stdout.write(
    `spellings: ${sent} requests, ${reached} reached a login handler; ${missed} of these without an event, ${invented} others with one\n`,
  );
});

describe.each(Object.entries(FRAMEWORKS))('%s', (_framework, start) => {
  let auditor: RecordingAuditor;
  let server: Server;
  afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await auditor.close();
  });

  it.each(Object.entries(WAYS))('audits every spelling that reaches a login handler, and nothing else: %s', async (_way, way) => {
    auditor = recordingAuditor();
    const ran = new Set<string>();
    server = await start(way, auditor, (trace) => void ran.add(trace!.split('-')[1]!));
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const targets = spellingsOf(way.path);
    await Promise.all(targets.map((target, index) => send(port, target, traceOf(index))));
    await auditor.settled(ran.size);
    // Waits for events that must not occur.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const heard = new Set((await auditor.settled(ran.size)).map(({ fields }) => fields?.['trace_id']));
    const missed = targets.filter((_, index) => ran.has(traceOf(index)) && !heard.has(traceOf(index)));
    const invented = targets.filter(
      (target, index) => !ran.has(traceOf(index)) && heard.has(traceOf(index)) && !(way.isCatchAll && mayBeLogin(target)),
    );
    counts.sent += targets.length;
    counts.reached += ran.size;
    counts.missed += missed.length;
    counts.invented += invented.length;
    expect(ran.size).toBeGreaterThan(0);
    expect({ missed, invented }).toEqual({ missed: [], invented: [] });
  });
});
