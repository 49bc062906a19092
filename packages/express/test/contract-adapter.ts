import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ContractAdapter, type ContractExchange, contractRoutes } from '@auditlogin/testing/contract';
import type express from 'express';
import session from 'express-session';
import { type AuditLoginOptions, auditLogin, mark } from '../src/index.js';
import { majors } from './harness.js';

declare module 'express-session' {
  interface SessionData {
    userId: string;
    visits: number;
  }
}

class DownStore extends session.MemoryStore {
  override set(_id: string, _session: session.SessionData, done?: (problem?: unknown) => void): void {
    setImmediate(() => done?.(new Error('the store is down')));
  }
}

function adapterOf(framework: typeof express): ContractAdapter {
  return {
    async start(options, handler, { host, trustedProxies, twice, storeIsDown, before }) {
      const app = framework();
      app.set('trust proxy', trustedProxies);
      const audit = (): express.RequestHandler => auditLogin(options as AuditLoginOptions);
      app.use(audit());
      if (twice) app.use(audit());
      app.use(
        framework.json(),
        session({
          secret: 'secret-of-the-contract',
          resave: false,
          saveUninitialized: true,
          store: storeIsDown ? new DownStore() : new session.MemoryStore(),
        }),
      );
      if (before) {
        app.use((request, response, next) => void before(exchangeOf(request, response)).then((end) => end ?? next(), next));
      }
      const run: express.RequestHandler = (request, response, next) => void handler(exchangeOf(request, response)).catch(next);
      for (const [method, path] of contractRoutes) app[method](path, run);
      app.post('/enter', audit(), run);
      app.use(((problem: { status?: number }, _request, response, _next) => {
        if (!response.headersSent) response.status(problem.status ?? 500).end();
      }) as express.ErrorRequestHandler);

      const server = createServer(app).listen(0, host);
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

function exchangeOf(request: express.Request, response: express.Response): ContractExchange {
  return {
    body: request.body,
    headers: request.headers,
    params: request.params as Record<string, string>,
    mark: mark(request),
    newMarker: () => mark(request),
    header: (name, value) => void response.append(name, value),
    json: (status, body) => Promise.resolve(void response.status(status).json(body)),
    bytes: (status, body) => Promise.resolve(void response.status(status).type('json').send(body)),
    redirect: (location) => Promise.resolve(response.redirect(location)),
    async stream(pieces, pause) {
      for (const piece of pieces) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
      response.end();
    },
    fail(status) {
      throw Object.assign(new Error('failed on purpose'), { status });
    },
    hang: () => new Promise(() => undefined),
    setUser(user) {
      (request as { user?: unknown }).user = user;
    },
    keep(key, value) {
      (request.session as unknown as Record<string, unknown>)[key] = value;
    },
    kept: (key) => (request.session as unknown as Record<string, unknown>)[key],
    logIn: (userId) =>
      new Promise((resolve, reject) => {
        request.session.regenerate((problem: unknown) => {
          if (problem instanceof Error) return reject(problem);
          request.session.userId = userId;
          resolve();
        });
      }),
    logOut: () => new Promise((resolve) => request.session.destroy(() => resolve())),
  };
}

/** The adapter with every major version of Express that it supports. */
export const contractAdapters = majors.map(([major, framework]) => [major, adapterOf(framework)] as const);
