import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RecordingAuditor, recordingAuditor } from '@auditlogin/testing';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import genericSession from 'koa-generic-session';
import session from 'koa-session';
import { auditLogin } from '../src/index.js';

let auditor: RecordingAuditor;
let server: Server;
beforeEach(() => {
  auditor = recordingAuditor();
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await auditor.close();
});

async function serve(build: (app: Koa) => void): Promise<string> {
  const app = new Koa();
  app.silent = true;
  app.keys = ['k'];
  build(app);
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function post(url: string, body: object, cookie = ''): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', connection: 'close', ...(cookie !== '' && { cookie }) },
    body: JSON.stringify(body),
  });
  return answer.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
}

interface Sessions {
  name: string;
  middleware(app: Koa): Koa.Middleware;
  /** Whether the audit can see how a session is loaded behind it. */
  showsLoading: boolean;
}
const rows = new Map<string, object>();
const store = {
  get: (key: string) => Promise.resolve(rows.get(key)),
  set: (key: string, value: object) => Promise.resolve(void rows.set(key, value)),
  destroy: (key: string) => Promise.resolve(void rows.delete(key)),
};

const koaSession = session as (options: object, app: Koa) => Koa.Middleware;

const sessions: Sessions[] = [
  { name: 'koa-session in a cookie', middleware: (app) => koaSession({}, app), showsLoading: true },
  { name: 'koa-session in a store', middleware: (app) => koaSession({ store }, app), showsLoading: true },
  { name: 'koa-generic-session', middleware: () => genericSession({ store: new genericSession.MemoryStore() }), showsLoading: false },
];

describe.each(sessions)('$name', ({ middleware, showsLoading }) => {
  it.each([...(showsLoading ? ['first'] : []), 'behind the session', 'on the route'])(
    'records successful logins as such, and no others, with auditLogin() %s',
    async (where) => {
      const base = await serve((app) => {
        const audit = auditLogin({ auditor });
        const keeps = middleware(app);
        const router = new Router();
        const login = (context: Context): void => {
          const { username, password } = (context.request as unknown as { body: Record<string, string> }).body;
          if (password === 'right') (context['session'] as { userId?: string | undefined }).userId = username;
          context.redirect('/');
        };
        if (where === 'first') app.use(audit);
        app.use(keeps);
        if (where === 'behind the session') app.use(audit);
        app.use(bodyParser() as Koa.Middleware);
        if (where === 'on the route') router.post('/login', audit as never, login as never);
        else router.post('/login', login as never);
        app.use(router.routes() as unknown as Koa.Middleware);
      });
      const cookie = await post(`${base}/login`, { username: 'ann', password: 'right' }, '_ga=1');
      await auditor.settled(1);
      await post(`${base}/login`, { username: 'bob', password: 'wrong' }, cookie);
      await auditor.settled(2);
      await post(`${base}/login`, { username: 'bob', password: 'right' }, cookie);
      const events = await auditor.settled(3);
      expect(events).toMatchObject([
        { actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'session', route: '/login' } },
        { is_anonymous: true, fields: { outcome: 'unknown' } },
        { actor: { id: 'bob' }, fields: { outcome: 'success', evidence: 'session' } },
      ]);
    },
  );

  it('does not create a session', async () => {
    const base = await serve((app) => {
      app.use(auditLogin({ auditor }));
      app.use(middleware(app));
      app.use((context) => {
        context.status = 401;
      });
    });
    expect(await post(`${base}/login`, {})).toBe('');
    expect(await auditor.settled(1)).toMatchObject([{ fields: { outcome: 'failure' } }]);
  });
});

it.each(sessions.filter(({ showsLoading }) => showsLoading))(
  'names who logs out by a session in $name that the handler does not read',
  async ({ middleware }) => {
    const base = await serve((app) => {
      app.use(auditLogin({ auditor, rules: [{ match: 'POST /logout', action: 'user.logout' }] }));
      app.use(middleware(app));
      app.use((context) => {
        if (context.path === '/login') (context['session'] as { userId?: string }).userId = 'ann';
        else context['session'] = null;
        context.redirect('/');
      });
    });
    const cookie = await post(`${base}/login`, { username: 'ann', password: 'right' });
    await auditor.settled(1);
    await post(`${base}/logout`, {}, cookie);
    await post(`${base}/logout`, {}, cookie.replace(/=[^;]+/, '=eyJ1c2VySWQiOiJldmUifQ=='));
    const forged = await auditor.settled(3);
    expect(forged[1]).toMatchObject({ action: 'user.logout', actor: { id: 'ann' }, fields: { outcome: 'success', evidence: 'session' } });
    expect(forged[2]).toMatchObject({ action: 'user.logout', is_anonymous: true });
  },
);

it('sees sessions of koa-generic-session, which are kept on the context', async () => {
  const kept = new Map<string, object>();
  /** What koa-generic-session does to a context. */
  const genericSession: Koa.Middleware = async (context, next) => {
    const sid = context.cookies.get('koa.sid') ?? String(kept.size + 1);
    context['sessionStore'] = kept;
    context['_session'] = structuredClone(kept.get(sid) ?? {});
    Object.defineProperty(context, 'session', {
      get: (): unknown => context['_session'],
      set: (value: unknown) => void (context['_session'] = value),
    });
    await next();
    if (context['_session']) kept.set(sid, context['_session'] as object);
    else kept.delete(sid);
    context.cookies.set('koa.sid', context['_session'] ? sid : null, { signed: false });
  };
  const base = await serve((app) => {
    app.use(auditLogin({ auditor, rules: [{ match: 'POST /logout', action: 'user.logout' }] }));
    app.use(genericSession);
    app.use(bodyParser() as Koa.Middleware);
    app.use((context) => {
      const { username, password } = (context.request as unknown as { body: Record<string, string> }).body;
      if (context.path === '/logout') context['session'] = null;
      else if (password === 'right') (context['session'] as { userId?: string | undefined }).userId = username;
      context.redirect('/');
    });
  });
  const cookie = await post(`${base}/login`, { username: 'ann', password: 'right' });
  await auditor.settled(1);
  await post(`${base}/login`, { username: 'bob', password: 'wrong' }, cookie);
  await auditor.settled(2);
  await post(`${base}/login`, { username: 'bob', password: 'right' }, cookie);
  await auditor.settled(3);
  await post(`${base}/logout`, {}, cookie);
  expect((await auditor.settled(4)).map(({ action, actor, fields }) => [action, fields?.['outcome'], actor?.id])).toEqual([
    ['user.login', 'success', 'ann'],
    ['user.login', 'unknown', undefined],
    ['user.login', 'success', 'bob'],
    ['user.logout', 'success', 'bob'],
  ]);
});

it('ignores a session that its store did not save', async () => {
  const base = await serve((app) => {
    app.use(auditLogin({ auditor }));
    app.use(async (_context, next) => {
      await next().catch(() => undefined);
    });
    const broken = { ...store, set: () => Promise.reject(new Error('the store is full')) };
    app.use((session as (options: object, app: Koa) => unknown)({ store: broken }, app) as Koa.Middleware);
    app.use((context) => {
      (context['session'] as { userId?: string }).userId = 'ann';
      context.redirect('/');
    });
  });
  await post(`${base}/login`, { username: 'ann', password: 'right' });
  expect(await auditor.settled(1)).toMatchObject([{ is_anonymous: true, fields: { outcome: 'unknown' } }]);
});

it.each([
  ['an inner router', '/api', '/enter', '/api/enter'],
  ['a parameter in the prefix', '/t/:tenant', '/enter', '/t/:tenant/enter'],
])('names the route of %s with its prefix, and audits it as configured', async (_what, prefix, path, pattern) => {
  const base = await serve((app) => {
    const inner = new Router();
    inner.post(path, (context) => {
      context.status = 401;
    });
    const outer = new Router();
    outer.use(prefix, inner.routes());
    app.use(auditLogin({ auditor, routes: [`POST ${pattern}`] })).use(outer.routes() as unknown as Koa.Middleware);
  });
  await post(base + prefix.replace(':tenant', 'acme') + path, {});
  expect(await auditor.settled(1)).toMatchObject([{ fields: { route: pattern, outcome: 'failure' } }]);
});

it('records an attempt that a router middleware refuses', async () => {
  const base = await serve((app) => {
    const router = new Router();
    router.use((context) => {
      context.status = 429;
    });
    router.post('/login', (context) => {
      context.body = {};
    });
    app.use(auditLogin({ auditor })).use(router.routes() as unknown as Koa.Middleware);
  });
  await post(`${base}/login`, {});
  expect(await auditor.settled(1)).toMatchObject([{ fields: { route: '/login', reason: 'rate_limited' } }]);
});
