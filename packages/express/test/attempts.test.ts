import type { AuditEvent } from '@auditlogin/core';
import type express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { auditLogin, mark } from '../src/index.js';
import { type Harness, majors, pause, post, postAndHangUp, startHarness } from './harness.js';

const ANN = { id: 7, name: 'Ann', tenantId: 'acme', passwordHash: 'hash-canary-2' };

describe.each(majors)('%s', (_major, make) => {
  const framework = make;
  let harness: Harness;
  beforeAll(async () => (harness = await startHarness()));
  afterAll(() => harness.close());

  /** Creates an application with auditLogin() and a handler on POST /login. */
  function appWith(handler: express.RequestHandler, ...before: express.RequestHandler[]): express.Express {
    const app = framework();
    app.use(auditLogin({ auditor: harness.auditor }), framework.json(), ...before);
    app.post('/login', handler);
    app.use(((_error, _request, response, _next) => void response.status(500).end()) as express.ErrorRequestHandler);
    return app;
  }

  async function eventOf(app: express.Express, call: (base: string) => Promise<unknown>): Promise<AuditEvent> {
    await call(await harness.serve(app));
    return (await harness.events(1))[0]!;
  }

  const toLogin = (base: string): Promise<Response> => post(`${base}/login`);

  it.each([
    ['by a middleware that answers', (_req, res) => void res.redirect('/')],
    ['by a middleware that hands on', (_req, _res, next) => next()],
  ] satisfies [string, express.RequestHandler][])('finds a login that no route made: %s', async (_name, answer) => {
    const app = framework();
    app.use(auditLogin({ auditor: harness.auditor }), session({ secret: 's', resave: false, saveUninitialized: false }));
    app.use('/enter', (req, res, next) => {
      Object.assign(req.session, { userId: 'u1' });
      answer(req, res, next);
    });
    app.use((_req, res) => void res.end());
    const base = await harness.serve(app);
    // The store of the session is known once the first request is over, so the second one may bring a cookie.
    const first = await fetch(`${base}/enter`, { redirect: 'manual' });
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!;
    await fetch(`${base}/enter`, { redirect: 'manual', headers: { cookie: 'theme=dark' } });
    await fetch(`${base}/page`, { headers: { cookie } });
    const success = { is_failure: false, actor: { id: 'u1' }, fields: { evidence: 'session', found_by: 'effect' } };
    expect(await harness.events(2)).toMatchObject([success, success]);
  });

  it.each(['authorization', 'x-api-key'])(
    'takes a session that %s restores for no login, although no route ran and the response sets a cookie',
    async (header) => {
      const app = framework();
      app.use(auditLogin({ auditor: harness.auditor }), (req, res) => {
        Object.assign(req, { session: { userId: 'u1' } });
        res.cookie('theme', 'dark').end();
      });
      const base = await harness.serve(app);
      await fetch(`${base}/page`, { headers: { [header]: 'Bearer t' } });
      expect(await harness.events(0)).toEqual([]);
    },
  );

  it.each<[string, express.RequestHandler, Partial<AuditEvent>, Record<string, string>]>([
    [
      'a 200 alone, which proves nothing',
      (_, res) => void res.json({ token: 't' }),
      { is_failure: true, is_anonymous: true },
      { outcome: 'unknown', evidence: 'status', status: '200', method: 'password' },
    ],
    [
      'a token that the answer gives out',
      (_, res) => void res.json({ token: 'a-token-of-more-than-16' }),
      { is_failure: false, actor: { id: 'ann' }, is_anonymous: false },
      { outcome: 'success', evidence: 'credential', actor_source: 'typed' },
    ],
    [
      '401',
      (_, res) => void res.status(401).end(),
      { is_failure: true, is_anonymous: true },
      { outcome: 'failure', reason: 'invalid_credentials', evidence: 'status', identity: 'a***' },
    ],
    ['403 says no reason', (_, res) => void res.status(403).end(), { is_failure: true }, { outcome: 'failure', status: '403' }],
    ['423', (_, res) => void res.status(423).end(), { is_failure: true }, { reason: 'account_locked' }],
    ['429', (_, res) => void res.status(429).end(), { is_failure: true }, { reason: 'rate_limited' }],
    [
      'a thrown error',
      () => {
        throw new Error('boom');
      },
      { is_failure: true },
      { outcome: 'failure', reason: 'server_error', status: '500' },
    ],
    ['an error passed on', (_, __, next) => next(new Error('boom')), { is_failure: true }, { reason: 'server_error' }],
    [
      'redirect with an error',
      (_, res) => res.redirect('/login?error=1'),
      { is_failure: true },
      { outcome: 'failure', evidence: 'redirect', reason: 'invalid_credentials' },
    ],
    [
      'redirect back to the login page',
      (_, res) => res.redirect('/login'),
      { is_failure: true },
      { outcome: 'failure', evidence: 'redirect' },
    ],
    ['redirect that proves nothing', (_, res) => res.redirect('/home'), { is_failure: true }, { outcome: 'unknown', evidence: 'status' }],
    [
      'redirect to a further factor',
      (_, res) => res.redirect('/login/mfa'),
      { action: 'user.login.challenge', is_failure: false },
      { outcome: 'challenge' },
    ],
    ['404 of a handler', (_, res) => void res.status(404).end(), { is_failure: true }, { outcome: 'failure', status: '404' }],
    [
      'streamed answer',
      (_, res) => {
        res.write('a');
        setTimeout(() => res.end('b'), 10);
      },
      { is_failure: true },
      { outcome: 'unknown', evidence: 'status' },
    ],
    [
      'marked success over a 500',
      (req, res) => {
        mark(req).success({ actor: ANN });
        res.status(500).end();
      },
      { is_failure: false, actor: { id: '7', name: 'Ann' }, is_anonymous: false },
      { outcome: 'success', evidence: 'marker' },
    ],
    [
      'marked failure over a 200',
      (req, res) => {
        mark(req).failure('wrong_password', { actor: { id: 'u1' }, group: 'acme' });
        res.end();
      },
      { is_failure: true, is_anonymous: true, target: { id: 'u1', type: 'account' }, group: { id: 'acme' } },
      { reason: 'wrong_password', group_source: 'claimed' },
    ],
    [
      'a user without session',
      (req, res) => {
        (req as { user?: unknown }).user = ANN;
        res.json({});
      },
      { actor: { id: '7', name: 'Ann' }, group: { id: 'acme' }, is_anonymous: false },
      { outcome: 'success', evidence: 'user', group_source: 'resolved' },
    ],
  ])('%s', async (_name, handler, wanted, fields) => {
    const event = await eventOf(appWith(handler), toLogin);
    expect(event).toMatchObject({ action: 'user.login', source_ip: '127.0.0.1', ...wanted, fields });
    expect(JSON.stringify(event)).not.toContain('canary');
  });

  it('sends the answer before it composes the event', async () => {
    let queuedAtAnswer = -1;
    const before = harness.auditor.stats().queued;
    const app = appWith((_, response) => {
      response.end('ok', () => (queuedAtAnswer = harness.auditor.stats().queued));
    });
    await eventOf(app, toLogin);
    expect(queuedAtAnswer).toBe(before);
  });

  it('records a client that hangs up before the handler answers', async () => {
    const app = appWith((_, response) => void setTimeout(() => response.end(), 80));
    const event = await eventOf(app, (base) => postAndHangUp(`${base}/login`, 20));
    expect(event).toMatchObject({
      is_failure: true,
      source_ip: '127.0.0.1',
      fields: { outcome: 'unknown', reason: 'aborted', ending: 'aborted' },
    });
    expect(event.fields).not.toHaveProperty('status');
  });

  it('records a client that hangs up while the answer streams', async () => {
    const app = appWith((_, response) => void response.write('a'));
    const event = await eventOf(app, (base) => postAndHangUp(`${base}/login`, 'head'));
    expect(event.fields).toMatchObject({ reason: 'aborted' });
  });

  it('records a client that hangs up after its login was marked', async () => {
    const app = appWith((request) => mark(request).success({ actor: 'u1' }));
    const event = await eventOf(app, (base) => postAndHangUp(`${base}/login`, 20));
    expect(event).toMatchObject({ is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'success' } });
  });

  it('records nothing for other paths, GET, HEAD, OPTIONS, a 404 without a handler, and attempts that are skipped', async () => {
    const base = await harness.serve(
      appWith((request, response) => {
        mark(request).skip();
        response.end();
      }),
    );
    for (const method of ['GET', 'HEAD', 'OPTIONS']) await fetch(`${base}/login`, { method });
    await post(`${base}/other`);
    await post(`${base}/v2/login`);
    await post(`${base}/login`);
    await harness.events(0);
  });

  it('records one event if it is mounted twice, by the options of the inner mount', async () => {
    const app = framework();
    app.use(auditLogin({ auditor: harness.auditor }), auditLogin({ auditor: harness.auditor }), framework.json());
    app.post(
      '/login',
      auditLogin({ auditor: harness.auditor, identity: () => 'from-inner' }),
      (_, response) => void response.status(401).end(),
    );
    const event = await eventOf(app, toLogin);
    expect(event.fields?.['identity']).toBe('f***r');
  });

  it('audits any route that it is mounted on', async () => {
    const app = framework();
    app.post('/enter', auditLogin({ auditor: harness.auditor }), (_, response) => void response.status(401).end());
    app.post('/other', (_, response) => void response.end());
    const event = await eventOf(app, async (base) => [await post(`${base}/enter`), await post(`${base}/other`)]);
    expect(event.fields).toMatchObject({ outcome: 'failure', route: '/enter' });
  });

  it('follows routes, redirects, and synchronous and asynchronous extractors', async () => {
    const app = framework();
    app.use(
      framework.json(),
      auditLogin({
        auditor: harness.auditor,
        routes: ['PUT /t/:tenant/token', '/enter'],
        redirects: { success: ['/home'] },
        actor: ({ body }) => ({ id: (body as { username: string }).username, name: 'N' }),
        group: async ({ path }) => Promise.resolve(path.split('/')[2]),
        method: () => 'webauthn',
      }),
    );
    app.put('/t/:tenant/token', (_, response) => response.redirect('/home'));
    app.post('/login', (_, response) => void response.end());
    const event = await eventOf(app, async (base) => {
      await post(`${base}/login`);
      return fetch(`${base}/t/acme/token`, {
        method: 'PUT',
        redirect: 'manual',
        headers: { 'content-type': 'application/json' },
        body: '{"username":"ann"}',
      });
    });
    expect(event).toMatchObject({
      actor: { id: 'ann', name: 'N' },
      group: { id: 'acme' },
      fields: { method: 'webauthn', evidence: 'redirect', group_source: 'resolved' },
    });
  });

  it('omits the value of an extractor that throws or hangs, and reports it without its error message', async () => {
    const problem = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = framework();
    app.use(framework.json());
    app.post(
      '/login',
      auditLogin({
        auditor: harness.auditor,
        actor: () => {
          throw new Error('pw-canary-1');
        },
        group: () => new Promise(() => undefined),
        extractorTimeout: 20,
      }),
      (_, response) => void response.end(),
    );
    const event = await eventOf(app, toLogin);
    expect(event).toMatchObject({ is_anonymous: true, fields: { outcome: 'unknown', group_source: 'none' } });
    const logged = problem.mock.calls.flat().join('\n');
    problem.mockRestore();
    expect(logged).toMatch(/ERR_AUDIT_EXTRACTOR: The extractor "actor" threw \(Error\)/);
    expect(logged).toMatch(/"group" took longer than 20 ms/);
    expect(logged).not.toContain('canary');
  });

  it('omits the values of getters that throw, and never ends the process', async () => {
    const quiet = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const app = appWith((request, response) => {
      const broken = {
        enumerable: true,
        get: () => {
          throw new Error('pw-canary-1');
        },
      };
      Object.defineProperty(request, 'user', { value: Object.defineProperty({}, 'id', broken) });
      Object.defineProperty(request, 'session', broken);
      response.status(401).end();
    });
    const event = await eventOf(app, toLogin);
    const logged = quiet.mock.calls.flat().join();
    quiet.mockRestore();
    expect(event).toMatchObject({ is_failure: true, source_ip: '127.0.0.1', fields: { outcome: 'failure', status: '401' } });
    expect(logged).toMatch(/Looking at a request threw \(Error\)/);
    expect(logged).not.toContain('canary');
  });

  it('records a marked request only if auditLogin() observes it', async () => {
    const app = framework();
    app.get('/unseen', (request, response) => {
      mark(request).success();
      response.end();
    });
    app.use(auditLogin({ auditor: harness.auditor }));
    app.get('/oauth/callback', (request, response) => {
      mark(request).success({ actor: 'u9', method: 'oauth' });
      response.redirect('/');
    });
    const event = await eventOf(app, async (base) => [
      await fetch(`${base}/unseen`),
      await fetch(`${base}/oauth/callback`, { redirect: 'manual' }),
    ]);
    expect(event).toMatchObject({ actor: { id: 'u9' }, fields: { method: 'oauth', outcome: 'success' } });
  });

  it('records the address that the trust proxy setting yields, in a form that the server accepts', async () => {
    const app = appWith((_, response) => void response.end());
    app.set('trust proxy', 1);
    const base = await harness.serve(app);
    for (const forwarded of ['203.0.113.7', '::ffff:203.0.113.8', '::1', '198.51.100.1, 2001:db8::7', 'unknown']) {
      await post(`${base}/login`, {}, { 'x-forwarded-for': forwarded });
    }
    const events = await harness.events(5);
    expect(events.map((event) => event.source_ip)).toEqual([
      '203.0.113.7',
      '203.0.113.8',
      '0:0:0:0:0:0:0:1',
      '2001:db8:0:0:0:0:0:7',
      undefined,
    ]);
    expect(events[4]!.fields?.['source_ip_seen']).toBe('unknown');
  });

  it('does not mix up two hundred simultaneous logins', async () => {
    const app = appWith((request, response) => {
      const { username } = request.body as { username: string };
      setTimeout(() => {
        mark(request).success({ actor: username });
        response.end();
      }, Math.random() * 20);
    });
    const base = await harness.serve(app);
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => post(`${base}/login`, { username: `u${index}` }, { 'x-request-id': `r${index}` })),
    );
    const events = await harness.events(200);
    for (const { actor, fields } of events) expect(fields?.['request_id']?.slice(1)).toBe(actor?.id.slice(1));
    expect(new Set(events.map(({ external_id }) => external_id)).size).toBe(200);
  });

  describe.each(['before', 'after'] as const)('sessions of Passport, auditLogin mounted %s the session middleware', (place) => {
    function sessionApp(): express.Express {
      const users = new passport.Passport();
      users.use(new Strategy((username, password, done) => done(null, password === 'right' ? { ...ANN, id: username } : false)));
      users.serializeUser((user, done) => done(null, (user as { id: string }).id));
      users.deserializeUser((id: string, done) => done(null, { ...ANN, id }));
      const app = framework();
      const audit = auditLogin({ auditor: harness.auditor, redirects: { success: [] } });
      if (place === 'before') app.use(audit);
      app.use(
        framework.json(),
        session({ secret: 's', resave: false, saveUninitialized: true }),
        users.session() as express.RequestHandler,
      );
      if (place === 'after') app.use(audit);
      app.post('/login', users.authenticate('local', { successRedirect: '/', failureRedirect: '/' }) as express.RequestHandler);
      app.post('/plain/login', (request, response) => {
        if ((request.body as { password: string }).password === 'right') (request.session as { userId?: string }).userId = 'u5';
        response.redirect('/');
      });
      app.get('/', (_, response) => void response.end());
      return app;
    }

    const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? '';

    it('records a success only for the login that was established, if both outcomes redirect to the same page', async () => {
      const base = await harness.serve(sessionApp());
      await post(`${base}/login`, { username: 'ann', password: 'wrong' });
      await post(`${base}/login`, { username: 'ann', password: 'right' });
      const [failed, succeeded] = await harness.events(2);
      expect(failed).toMatchObject({ is_failure: true, is_anonymous: true, fields: { outcome: 'unknown' } });
      expect(succeeded).toMatchObject({
        actor: { id: 'ann', name: 'Ann' },
        group: { id: 'acme' },
        fields: { outcome: 'success', evidence: 'session' },
      });
    });

    it('ignores an existing session, and records a new login in it', async () => {
      const base = await harness.serve(sessionApp());
      const cookie = cookieOf(await post(`${base}/login`, { username: 'ann', password: 'right' }));
      await post(`${base}/login`, { username: 'ann', password: 'wrong' }, { cookie });
      await post(`${base}/login`, { username: 'bob', password: 'wrong' }, { cookie });
      await post(`${base}/login`, { username: 'ann', password: 'right' }, { cookie });
      const events = await harness.events(4);
      expect(events.map(({ fields }) => fields?.['outcome'])).toEqual(['success', 'unknown', 'unknown', 'success']);
    });

    it('records a login that is written into an existing anonymous session', async () => {
      const base = await harness.serve(sessionApp());
      const cookie = cookieOf(await fetch(base));
      await post(`${base}/plain/login`, { password: 'wrong' }, { cookie });
      await post(`${base}/plain/login`, { password: 'right' }, { cookie });
      await post(`${base}/plain/login`, { password: 'wrong' }, { cookie });
      const events = await harness.events(3);
      expect(events.map(({ fields }) => fields?.['outcome'])).toEqual(['unknown', 'success', 'unknown']);
      expect(events[1]).toMatchObject({ actor: { id: 'u5' } });
    });
  });

  it('records several logins on one connection', async () => {
    const { Agent } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const base = await harness.serve(appWith((_, response) => void response.status(401).end()));
    const { request } = await import('node:http');
    for (let index = 0; index < 3; index += 1) {
      await new Promise((resolve) =>
        request(`${base}/login`, { method: 'POST', agent }, (response) => response.resume().on('end', resolve)).end(),
      );
    }
    agent.destroy();
    await harness.events(3);
  });

  it('does not break logins if the auditor is closed', async () => {
    const quiet = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const { apiBase, project, token } = harness.collector;
    const audit = auditLogin({ apiBase, project, token });
    await audit.auditor.close();
    const app = framework();
    app.use(audit);
    app.post('/login', (_, response) => void response.end('fine'));
    const response = await post(`${await harness.serve(app)}/login`);
    await pause(20);
    quiet.mockRestore();
    expect(await response.text()).toBe('fine');
    expect(audit.auditor.stats().lost).toBe(1);
  });
});
