import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { type ContractAdapter, type ContractExchange, contractRoutes } from '@auditlogin/testing/contract';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa3, { type Context } from 'koa';
import session from 'koa-session';
import Koa2 from 'koa2';
import { type AuditLoginOptions, auditLogin, mark } from '../src/index.js';

const downStore = {
  get: () => Promise.resolve(undefined),
  set: () => Promise.reject(new Error('the store is down')),
  destroy: () => Promise.resolve(),
};

function adapterOf(Koa: typeof Koa3): ContractAdapter {
  return {
    async start(options, handler, { host, trustedProxies, twice, storeIsDown, before }) {
      const app = new Koa({ proxy: trustedProxies > 0, maxIpsCount: trustedProxies });
      app.silent = true;
      app.keys = ['secret-of-the-contract'];
      const audit = (): Koa3.Middleware => auditLogin(options as AuditLoginOptions);
      app.use(
        (storeIsDown
          ? (session as unknown as (options: object, app: Koa3) => Koa3.Middleware)({ store: downStore }, app)
          : session(app)) as Koa3.Middleware,
      );
      app.use(async (context, next) => {
        context['session'] = context['session'] as { visits?: number };
        (context['session'] as { visits?: number }).visits ??= 1;
        await next();
      });
      app.use(audit());
      if (twice) app.use(audit());
      app.use(bodyParser() as Koa3.Middleware);
      if (before) app.use(async (context, next) => void ((await before(exchangeOf(context))) ?? (await next())));
      const router = new Router();
      const run = (context: unknown): Promise<void> => handler(exchangeOf(context as Context));
      for (const [method, path] of contractRoutes) router[method](path, run);
      router.post('/enter', audit() as never, run);
      app.use(router.routes() as unknown as Koa3.Middleware);

      const server = app.listen(0, host);
      await once(server, 'listening');
      return {
        base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        async close() {
          server.close();
          server.closeAllConnections();
          await once(server, 'close');
        },
      };
    },
  };
}

function exchangeOf(context: Context): ContractExchange {
  return {
    body: (context.request as { body?: unknown }).body,
    headers: context.headers,
    params: (context as { params?: Record<string, string> }).params ?? {},
    mark: mark(context),
    newMarker: () => mark(context),
    header: (name, value) => context.append(name, value),
    json(status, body) {
      context.status = status;
      context.body = body;
      return Promise.resolve();
    },
    bytes(status, body) {
      context.status = status;
      context.body = body;
      context.type = 'json';
      return Promise.resolve();
    },
    redirect: (location) => Promise.resolve(context.redirect(location)),
    async stream(pieces, pause) {
      const stream = new PassThrough();
      context.status = 200;
      context.body = stream;
      void (async () => {
        for (const piece of pieces) {
          stream.write(piece);
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
        stream.end();
      })();
      return Promise.resolve();
    },
    fail: (status) => context.throw(status),
    hang: () => new Promise(() => undefined),
    setUser(user) {
      context.state['user'] = user;
    },
    keep(key, value) {
      (context['session'] as Record<string, unknown>)[key] = value;
    },
    kept: (key) => (context['session'] as Record<string, unknown>)[key],
    logIn(userId) {
      (context['session'] as { userId?: string }).userId = userId;
      return Promise.resolve();
    },
    logOut() {
      context['session'] = null;
      return Promise.resolve();
    },
  };
}

/** The adapter with every major version of Koa that it supports. */
export const contractAdapters = [
  ['Koa 3', adapterOf(Koa3)],
  ['Koa 2', adapterOf(Koa2)],
] as const;
