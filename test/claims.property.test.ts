import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { parse as parseForm, stringify as formOf } from 'node:querystring';
import type { AuditEvent } from '@auditlogin/core';
import { auditLogin as onExpress } from '@auditlogin/express';
import { auditLogin as onFastify } from '@auditlogin/fastify';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import fastifyCookie from '@fastify/cookie';
import { Authenticator } from '@fastify/passport';
import fastifySession from '@fastify/session';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import fc from 'fast-check';
import { Passport } from 'passport';
import { Strategy as Local } from 'passport-local';

/** Number of conversations of a client with each application. */
const RUNS = Number(process.env['AUDITLOGIN_CLAIMS_RUNS'] ?? 60);

const PASSWORDS: Record<string, string> = { ann: 'right-of-ann', bob: 'right-of-bob' };
const LOGINS = ['/session/login', '/jwt/login', '/passport/login'] as const;
type Body = Partial<Record<string, unknown>>;

/** The account that each request logged in, as the application knows it; null for a failed login. */
type Truth = Map<string, string | null>;

function check({ username, password }: Body): string | null {
  return typeof username === 'string' && Object.hasOwn(PASSWORDS, username) && PASSWORDS[username] === password ? username : null;
}

function tokenFor(account: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: account, jti: Math.random() })}.${Buffer.from(String(Math.random())).toString('base64url')}`;
}

/** The target of a redirect, which the request may name. */
function nextOf(query: Body, body: Body): string {
  const next = query['next'] ?? body['next'];
  return typeof next === 'string' && /^\/[^/\\]/.test(next) ? next : '/';
}

function startExpress(auditor: RecordingAuditor, truth: Truth): Promise<Server> {
  const app = express();
  const passport = new Passport();
  passport.use(
    new Local((username, password, done) => done(null, ((name) => (name === null ? false : { id: name }))(check({ username, password })))),
  );
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id: string, done) => done(null, { id }));
  const sessions = session({ secret: 'secret-of-the-claims', resave: false, saveUninitialized: true });
  app.use(
    onExpress({ auditor }),
    express.json(),
    express.urlencoded({ extended: false }),
    sessions,
    passport.session() as express.RequestHandler,
  );
  const know = (request: express.Request, account: string | null): void =>
    void truth.set(request.get('traceparent')!.split('-')[1]!, account);

  app.post('/session/login', (request, response, next) => {
    const body = (request.body ?? {}) as Body;
    const account = check(body);
    know(request, account);
    if (account === null)
      return body['plain'] === undefined ? response.redirect('/login?failed=1') : void response.status(401).json({ error: 'no' });
    request.session.regenerate((problem) => {
      if (problem) return next(problem);
      (request.session as { userId?: string }).userId = account;
      response.redirect(nextOf(request.query, body));
    });
  });
  app.post('/jwt/login', (request, response) => {
    const account = check((request.body ?? {}) as Body);
    know(request, account);
    if (account === null) response.json({ success: false });
    else response.json({ access_token: tokenFor(account), token_type: 'Bearer' });
  });
  app.post('/passport/login', (request, response, next) => {
    const done = (_problem: unknown, user?: { id: string } | false): void => {
      know(request, user ? user.id : null);
      if (!user) return void response.status(401).json({ message: 'no' });
      request.logIn(user, (problem) => (problem ? next(problem) : response.redirect(nextOf(request.query, (request.body ?? {}) as Body))));
    };
    (passport.authenticate('local', done) as express.RequestHandler)(request, response, next);
  });
  app.use(((problem: { status?: number }, _request, response, _next) => {
    if (response.headersSent) response.destroy();
    else response.status(problem.status ?? 500).end();
  }) as express.ErrorRequestHandler);
  return Promise.resolve(createServer(app));
}

async function startFastify(auditor: RecordingAuditor, truth: Truth): Promise<Server> {
  const app = fastify({ forceCloseConnections: true });
  const passport = new Authenticator();
  passport.use(
    new Local((username, password, done) =>
      done(null, ((name) => (name === null ? false : { id: name }))(check({ username, password }))),
    ) as never,
  );
  passport.registerUserSerializer((user: { id: string }) => Promise.resolve(user.id));
  passport.registerUserDeserializer((id: string) => Promise.resolve({ id }));
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, done) =>
    done(null, parseForm(String(text))),
  );
  await app.register(onFastify, { auditor });
  await app.register(fastifyCookie);
  await app.register(fastifySession, { secret: 'secret-of-the-claims-is-32-long!!', cookie: { secure: false } });
  await app.register(passport.initialize());
  await app.register(passport.secureSession());
  const know = (trace: unknown, account: string | null): void => void truth.set(String(trace).split('-')[1]!, account);

  app.post('/session/login', async (request, reply) => {
    const body = (request.body ?? {}) as Body;
    const account = check(body);
    know(request.headers['traceparent'], account);
    if (account === null) return body['plain'] === undefined ? reply.redirect('/login?failed=1') : reply.code(401).send({ error: 'no' });
    await request.session.regenerate();
    (request.session as unknown as { userId: string }).userId = account;
    return reply.redirect(nextOf(request.query as Body, body));
  });
  app.post('/jwt/login', (request, reply) => {
    const account = check(request.body ?? {});
    know(request.headers['traceparent'], account);
    return reply.send(account === null ? { success: false } : { access_token: tokenFor(account), token_type: 'Bearer' });
  });
  app.post('/passport/login', {
    preValidation: passport.authenticate('local', async (request, reply, _problem, user?: unknown) => {
      const account = (user as { id: string } | undefined)?.id ?? null;
      know(request.headers['traceparent'], account);
      if (account === null) return void (await reply.code(401).send({ message: 'no' }));
      await request.logIn(user as never);
      await reply.redirect(nextOf(request.query as Body, request.body ?? {}));
    }) as never,
    handler: (_request, reply) => reply.send(),
  });
  await app.ready();
  return app.server;
}

/** One request of a client. */
interface Try {
  login: (typeof LOGINS)[number];
  query: Record<string, string>;
  fields: Record<string, unknown>;
  kind: 'json' | 'form' | 'junk';
  headers: Record<string, string>;
  /** Whether the request has the cookies of earlier responses. */
  keepsCookies: boolean;
  end: { kind: 'reads' } | { kind: 'hangs up'; after: number } | { kind: 'pipelines' };
}

const target = fc.constantFrom(
  '/',
  '/home',
  '/login',
  '/login?error=1',
  '/mfa',
  '/failed-jobs',
  '/?error=x',
  '/two-factor',
  '//evil.example',
);
const word = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('__proto__', 'ann', 'right-of-ann', '\ud800', '{"$ne":1}'));
const credential = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom({ username: 'ann', password: 'right-of-ann' }, { username: 'bob', password: 'right-of-bob' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      username: fc.constantFrom('ann', 'bob', 'eve'),
      password: fc.constantFrom('wrong', 'right-of-ann', 'right-of-bob'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ username: word, password: word }) },
);
const extras = fc.record(
  {
    ...{
      next: target,
      plain: fc.constant('1'),
      grant_type: fc.constantFrom('refresh_token', 'password'),
      refresh_token: word,
      token: fc.constant('t'.repeat(24)),
    },
    ...{
      success: fc.boolean(),
      mfaRequired: fc.boolean(),
      error: word,
      user: fc.constant({ id: 'bob' }),
      email: fc.constantFrom('bob', 'ann'),
      userId: word,
      session: word,
    },
    ...{
      action: fc.constant('user.logout'),
      variables: fc.constant({ username: 'bob', password: 'x' }),
      query: fc.constant('mutation { login }'),
      id: fc.integer(),
    },
  },
  { requiredKeys: [] },
);
const sentHeaders = fc.record(
  {
    authorization: fc.constantFrom('Basic YW5uOng=', `Bearer ${tokenFor('ann')}`, 'Negotiate abc', 'Digest username="ann"'),
    cookie: fc.constantFrom('token=of-ann-and-long-enough', 'connect.sid=s%3Ajunk.junk', 'sessionId=junk', 'a=b'),
    ...{
      'x-auth-token': fc.constant('of-ann'),
      'x-http-method-override': fc.constantFrom('GET', 'PUT'),
      'x-original-url': fc.constant('/news'),
    },
    ...{
      accept: fc.constantFrom('text/html', 'application/json'),
      'x-request-id': fc.constantFrom('r', 'r\tq'),
      referer: fc.constant('/login?error=1'),
    },
  },
  { requiredKeys: [] },
);
const tried: fc.Arbitrary<Try> = fc.record({
  login: fc.constantFrom(...LOGINS),
  query: fc.record({ next: target, error: fc.constant('1'), access_token: fc.constant('t'.repeat(24)) }, { requiredKeys: [] }),
  fields: fc.tuple(credential, extras).map(([one, more]) => ({ ...more, ...one })),
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant<'json'>('json') },
    { weight: 2, arbitrary: fc.constant<'form'>('form') },
    { weight: 1, arbitrary: fc.constant<'junk'>('junk') },
  ),
  headers: sentHeaders,
  keepsCookies: fc.boolean(),
  end: fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: 'reads' } as const) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('hangs up' as const), after: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'pipelines' } as const) },
  ),
});

/** One client, which sends its requests one after the other. */
class Client {
  private cookies = '';
  constructor(private readonly port: number) {}

  async send({ login, query, fields, kind, headers, keepsCookies, end }: Try, traces: readonly string[]): Promise<void> {
    const path = `${login}${Object.keys(query).length > 0 ? `?${formOf(query)}` : ''}`;
    const text =
      kind === 'junk'
        ? '{"username":"ann","pass'
        : kind === 'form'
          ? formOf(fields as never, '&', '=', { encodeURIComponent: encoded })
          : JSON.stringify(fields);
    const all = {
      ...headers,
      'content-type': kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      ...(keepsCookies && this.cookies !== '' && { cookie: [this.cookies, headers['cookie']].filter(Boolean).join('; ') }),
    };
    if (end.kind === 'pipelines') return this.pipeline(path, all, text, traces);
    await new Promise<void>((resolve) => {
      const call = httpRequest({
        port: this.port,
        path,
        method: 'POST',
        agent: false,
        headers: { ...all, traceparent: traceparent(traces[0]!) },
      });
      call.on('error', () => undefined).on('close', () => resolve());
      call.on('response', (response) => {
        this.cookies = response.headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ') ?? this.cookies;
        response.resume();
      });
      call.end(text, () => end.kind === 'hangs up' && setTimeout(() => call.destroy(), end.after));
    });
  }

  private pipeline(path: string, headers: object, text: string, traces: readonly string[]): Promise<void> {
    const one = (trace: string, isLast: boolean): string =>
      [
        `POST ${path} HTTP/1.1`,
        'Host: a',
        ...Object.entries({ ...headers, traceparent: traceparent(trace) }).map(([name, value]) => `${name}: ${value}`),
        ...(isLast ? ['Connection: close'] : []),
        '',
        text,
      ].join('\r\n');
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(one(traces[0]!, false) + one(traces[1]!, true)));
      socket.setTimeout(5_000, () => socket.destroy());
      socket
        .on('error', () => undefined)
        .on('close', () => resolve())
        .resume();
    });
  }
}

/** A lone surrogate cannot be percent-encoded. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

const traceparent = (trace: string): string => `00-${trace}-00f067aa0ba902b7-01`;

describe.each([
  ['Express', startExpress],
  ['Fastify', startFastify],
] as const)('%s', (_framework, start) => {
  const truth: Truth = new Map();
  let auditor: RecordingAuditor;
  let server: Server;
  let count = 0;
  beforeAll(async () => {
    auditor = recordingAuditor();
    server = await start(auditor, truth);
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await auditor.close();
  });

  it('records each login as a success of its account and no failed login as a success, whatever a client sends', async () => {
    const seen = { success: 0, failure: 0, hungUp: 0 };
    await fc.assert(
      // eslint-disable-next-line complexity -- one conversation, told in order
      fc.asyncProperty(fc.array(tried, { minLength: 1, maxLength: 5 }), async (tries) => {
        auditor.clear();
        truth.clear();
        const client = new Client((server.address() as AddressInfo).port);
        const hungUp = new Set<string>();
        for (const one of tries) {
          const traces = [(count += 1), (count += 1)].map((number) => number.toString(16).padStart(32, '0'));
          if (one.end.kind === 'hangs up') hungUp.add(traces[0]!);
          await client.send(one, traces);
        }
        const events = await eventsOf(auditor, truth);
        for (const [trace, account] of truth) {
          const own = events.filter(({ fields }) => fields?.['trace_id'] === trace);
          expect(own).toHaveLength(1);
          const [{ actor, fields }] = own as [AuditEvent];
          if (account === null) {
            seen.failure += 1;
            expect({ outcome: fields?.['outcome'], actor }).toEqual({
              outcome: expect.stringMatching(/^(?:failure|unknown)$/) as string,
              actor: undefined,
            });
          } else if (hungUp.has(trace) && fields?.['ending'] === 'aborted') {
            seen.hungUp += 1;
            // A response that nobody received may prove nothing, but the event is never a failure or another account's.
            expect(['success', 'unknown']).toContain(fields['outcome']);
            expect(actor?.id ?? account).toBe(account);
          } else {
            seen.success += 1;
            expect({ outcome: fields?.['outcome'], actor: actor?.id }).toEqual({ outcome: 'success', actor: account });
          }
        }
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(seen.success, seen.failure)).toBeGreaterThan(RUNS / 4);
  }, 600_000);
});

/** Waits for the events of all requests that the application has decided. */
async function eventsOf(auditor: RecordingAuditor, truth: Truth): Promise<readonly AuditEvent[]> {
  // A handler may still run after its client has disconnected.
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (let size = -1; size !== truth.size;) {
    size = truth.size;
    await auditor.settled(size);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return auditor.settled(truth.size);
}
