import cookie5 from '@fastify/cookie';
import cookie4 from '@fastify/cookie4';
import { Authenticator } from '@fastify/passport';
import secureSession from '@fastify/secure-session';
import session5 from '@fastify/session';
import session4 from '@fastify/session4';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import expressSession from 'express-session';
import fastify5, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import fastify4 from 'fastify4';
import { Strategy } from 'passport-local';
import { auditLogin, type AuditLoginOptions } from '../src/index.js';

const majors = [
  { name: 'Fastify 5', fastify: fastify5, cookie: cookie5, session: session5 },
  { name: 'Fastify 4', fastify: fastify4, cookie: cookie4, session: session4 },
] as unknown as { name: string; fastify: typeof fastify5; cookie: typeof cookie5; session: typeof session5 }[];

const right = { username: 'ann', password: 'right' };
const wrong = { username: 'bob', password: 'wrong' };
const SECRET = 'secret-of-the-tests-is-32-chars-long!';

let auditor: RecordingAuditor;
let app: FastifyInstance;
beforeEach(() => {
  auditor = recordingAuditor();
});
afterEach(async () => {
  await app.close();
  await auditor.close();
});

const audit = async (options: AuditLoginOptions = {}): Promise<void> => void (await app.register(auditLogin, { auditor, ...options }));
const refuse = (_request: FastifyRequest, reply: FastifyReply): FastifyReply => reply.code(401).send({});

async function post(url: string, body: object | string, cookie = ''): Promise<{ status: number; cookie: string }> {
  const { port } = (app.server.listening ? app.server.address() : new URL(await app.listen({ port: 0, host: '127.0.0.1' }))) as {
    port: number;
  };
  const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', connection: 'close', ...(cookie !== '' && { cookie }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const kept = answer.headers.getSetCookie().map((one) => one.split(';')[0]);
  return { status: answer.status, cookie: kept.join('; ') };
}

describe.each(majors)('$name', ({ fastify, cookie, session }) => {
  beforeEach(() => {
    app = fastify();
  });

  describe.each(['before', 'behind'])('registered %s the hooks that refuse', (where) => {
    it('records an attempt that a rate limiter refuses', async () => {
      const limit = (): void => {
        app.addHook('onRequest', (_request, reply, _done) => void reply.code(429).send());
      };
      if (where === 'behind') limit();
      await audit();
      if (where === 'before') limit();
      app.post('/login', refuse);
      expect(await post('/login', wrong)).toMatchObject({ status: 429 });
      expect(await auditor.settled(1)).toMatchObject([{ fields: { route: '/login', reason: 'rate_limited' } }]);
    });

    it('records an attempt whose hook throws', async () => {
      const guard = (): void => {
        app.addHook('onRequest', () => Promise.reject(Object.assign(new Error('no'), { statusCode: 403 })));
      };
      if (where === 'behind') guard();
      await audit();
      if (where === 'before') guard();
      app.post('/login', refuse);
      expect(await post('/login', wrong)).toMatchObject({ status: 403 });
      expect(await auditor.settled(1)).toMatchObject([{ fields: { outcome: 'failure' } }]);
    });
  });

  it.each([
    ['malformed JSON', '{"username":', 400],
    ['a body that is too large', JSON.stringify({ ...wrong, more: 'x'.repeat(2_000) }), 413],
    ['a body that its schema refuses', {}, 400],
  ])('records %s', async (_what, body, status) => {
    await audit();
    const schema = { body: { type: 'object', required: ['username'] } };
    app.post('/login', { schema, bodyLimit: 1_000 }, refuse);
    expect(await post('/login', body)).toMatchObject({ status });
    expect(await auditor.settled(1)).toMatchObject([{ is_failure: true, fields: { route: '/login', outcome: 'failure' } }]);
  });

  it('observes plugins and routes that were declared before it', async () => {
    app.post('/enter', { config: { auditLogin: { method: () => 'magic_link' } } }, refuse);
    void app.register(
      (child, _options, done) => {
        child.post('/login', refuse);
        done();
      },
      { prefix: '/api' },
    );
    void app.register(auditLogin, { auditor });
    await app.ready();
    await post('/enter', wrong);
    await post('/api/login', wrong);
    expect(await auditor.settled(2)).toMatchObject([
      { fields: { route: '/enter', method: 'magic_link' } },
      { fields: { route: '/api/login' } },
    ]);
  });

  it('does not change the answer of a route declared before it with an invalid setting', async () => {
    app.post('/enter', { config: { auditLogin: { grup: () => 'a' } as never } }, refuse);
    await audit();
    expect(await post('/enter', wrong)).toMatchObject({ status: 401 });
    expect(await auditor.settled(1)).toMatchObject([{ fields: { route: '/enter' } }]);
  });

  it("distinguishes the application's not-found handler from Fastify's own", async () => {
    await audit();
    await post('/login', wrong);
    await app.close();
    app = fastify();
    await audit();
    app.setNotFoundHandler((_request, reply) => void reply.code(404).send({ error: 'no such user' }));
    await post('/login', wrong);
    expect(await auditor.settled(1)).toMatchObject([{ fields: { outcome: 'failure' } }]);
    expect(auditor.events).toHaveLength(1);
  });

  it.each(['first', 'last'])('records logins by @fastify/passport on an unlisted route, registered %s', async (order) => {
    const passport = new Authenticator();
    passport.registerUserSerializer((user) => Promise.resolve((user as { id: string }).id));
    passport.registerUserDeserializer((id) => Promise.resolve({ id }));
    passport.use(
      'local',
      new Strategy((username, password, done) =>
        done(null, password === 'right' ? { id: username } : false, { message: 'Wrong password' }),
      ) as never,
    );
    if (order === 'first') await audit();
    await app.register(cookie);
    await app.register(session, { secret: SECRET, cookie: { secure: false } });
    // @fastify/passport declares Fastify 5 only.
    if (fastify === fastify5) {
      await app.register(passport.initialize());
      await app.register(passport.secureSession());
    }
    if (order === 'last') await audit();
    if (fastify !== fastify5) return;
    app.post('/enter', { preValidation: passport.authenticate('local', { successRedirect: '/', failureRedirect: '/' }) as never }, refuse);
    const { cookie: kept } = await post('/enter', right);
    await post('/enter', wrong, kept);
    expect(await auditor.settled(2)).toMatchObject([
      { actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'passport', found_by: 'effect' } },
      { is_anonymous: true, fields: { outcome: 'failure', reason: 'wrong_password' } },
    ]);
  });

  it('ignores a session that its store did not save', async () => {
    const store = {
      get: (_id: string, done: (e: null) => void) => done(null),
      set: (_id: string, _s: object, done: (e: Error) => void) => done(new Error('full')),
      destroy: (_id: string, done: () => void) => done(),
    };
    await audit();
    await app.register(cookie);
    await app.register(session, { secret: SECRET, cookie: { secure: false }, store: store });
    app.post('/login', (request, reply) => {
      (request as unknown as { session: { userId: string } }).session.userId = 'ann';
      void reply.redirect('/home');
    });
    await post('/login', right);
    const [event] = await auditor.settled(1);
    expect(event?.fields?.['outcome']).not.toBe('success');
  });
});

it('records the logout of a session of @fastify/secure-session, which keeps its content until then', async () => {
  app = fastify5();
  await audit({ rules: [{ match: 'POST /logout', action: 'user.logout' }] });
  await app.register(secureSession, { key: Buffer.alloc(32, 7), cookie: { path: '/' } });
  type Session = { set(key: string, value: string): void; delete(): void };
  const sessionOf = (request: unknown): Session => (request as { session: Session }).session;
  app.post('/login', (request, reply) => (sessionOf(request).set('userId', 'ann'), reply.redirect('/')));
  app.post('/logout', (request, reply) => (sessionOf(request).delete(), reply.redirect('/')));
  const { cookie } = await post('/login', right);
  await auditor.settled(1);
  await post('/logout', {}, cookie);
  const [, logout] = await auditor.settled(2);
  expect(logout).toMatchObject({ action: 'user.logout', actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'session' } });
});

it('sees who owned a session of express-session before, which middleware sets on the raw request', async () => {
  app = fastify5();
  await audit();
  const keeps = expressSession({ secret: SECRET, resave: false, saveUninitialized: false });
  app.addHook('preHandler', (request, reply, done) => keeps(request.raw as never, reply.raw as never, done as never));
  app.post('/login', (request, reply) => {
    const { username, password } = request.body as typeof right;
    if (password === 'right') Object.assign((request.raw as unknown as { session: object }).session, { userId: username });
    reply.hijack();
    reply.raw.end();
  });
  const { cookie } = await post('/login', right);
  await auditor.settled(1);
  await post('/login', wrong, cookie);
  await auditor.settled(2);
  await post('/login', { username: 'bob', password: 'right' }, cookie);
  expect((await auditor.settled(3)).map(({ actor, fields }) => [fields?.['outcome'], actor?.id])).toEqual([
    ['success', 'ann'],
    ['unknown', undefined],
    ['success', 'bob'],
  ]);
});

it('records logins into sessions of @fastify/secure-session', async () => {
  app = fastify5();
  await audit();
  await app.register(secureSession, { key: Buffer.alloc(32, 7), cookie: { path: '/' } });
  app.post('/login', (request, reply) => {
    const { username, password } = request.body as typeof right;
    if (password === 'right')
      (request as unknown as { session: { set(key: string, value: string): void } }).session.set('userId', username);
    return reply.redirect('/home');
  });
  const { cookie } = await post('/login', right);
  await post('/login', wrong, cookie);
  expect(await auditor.settled(2)).toMatchObject([
    { actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'session' } },
    { is_anonymous: true, fields: { outcome: 'unknown' } },
  ]);
});
