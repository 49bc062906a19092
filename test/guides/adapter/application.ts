import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type ContractAdapter, type ContractExchange, contractRoutes } from '@auditlogin/testing/contract';
import expressSession, { type SessionData } from 'express-session';
import { match } from 'path-to-regexp';
import proxyAddr from 'proxy-addr';
import { auditLogin, type AuditLoginOptions, type HttpRequest, mark, routed } from './node-http.js';

/** A session store whose every write fails. */
class DownStore extends expressSession.MemoryStore {
  override set(_id: string, _session: SessionData, done?: (problem?: unknown) => void): void {
    setImmediate(() => done?.(new Error('the store is down')));
  }
}

type Session = expressSession.Session & Partial<SessionData> & { userId?: string };

// #region application
/** An application with sessions, a JSON body parser and routes, as the contract requires. */
export const httpAdapter: ContractAdapter = {
  async start(options, handler, { host, trustedProxies, twice, storeIsDown, before }) {
    const audit = auditLogin(options as AuditLoginOptions);
    const session = promisify(
      expressSession({
        secret: 'secret-of-the-contract',
        resave: false,
        saveUninitialized: true,
        store: storeIsDown ? new DownStore() : new expressSession.MemoryStore(),
      }) as unknown as (request: HttpRequest, response: ServerResponse, next: (problem?: unknown) => void) => void,
    );
    const routes = [...contractRoutes, ['post', '/enter'] as const].map(([method, path]) => ({
      method: method.toUpperCase(),
      path,
      match: match(path),
    }));

    async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
      request.ip = proxyAddr(request, (_address, index) => index < trustedProxies);
      await session(request, response);
      const handle = (): Promise<void> => route(request, response);
      await audit(request, response, twice ? () => audit(request, response, handle) : handle);
    }

    async function route(request: HttpRequest, response: ServerResponse): Promise<void> {
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (request.headers['content-type'] === 'application/json') request.body = await json(request).catch(unreadable);
      const exchange = exchangeOf(request, response);
      if ((await before?.(exchange)) === 'answered') return;
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const found = routes.find((one) => one.method === method && one.match(pathname) !== false);
      const matched = found?.match(pathname);
      if (!found || !matched) return void response.writeHead(404).end();
      Object.assign(exchange.params, matched.params);
      routed(request, { pattern: found.path, matched: decodeURIComponent(pathname), params: exchange.params });
      const run = (): Promise<void> => handler(exchange);
      await (found.path === '/enter' ? audit(request, response, run, true) : run());
    }

    const server = createServer((request, response) => {
      answer(request, response).catch((problem: { status?: number }) => response.writeHead(problem.status ?? 500).end());
    }).listen(0, host);
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

function unreadable(): never {
  throw Object.assign(new Error('the body is no JSON'), { status: 400 });
}
// #endregion

// #region exchange
/** Implements the operations of scenarios with node:http and express-session. */
function exchangeOf(request: HttpRequest, response: ServerResponse): ContractExchange {
  const sessionOf = (): Session => request.session as Session;
  return {
    body: request.body,
    headers: request.headers,
    params: {},
    mark: mark(request),
    newMarker: () => mark(request),
    header: (name, value) => void response.appendHeader(name, value),
    bytes: (status, body) => Promise.resolve(void response.writeHead(status, { 'content-type': 'application/json' }).end(body)),
    json: (status, body) =>
      Promise.resolve(void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))),
    redirect: (location) => Promise.resolve(void response.writeHead(302, { location }).end()),
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
      request.user = user;
    },
    keep(key, value) {
      (sessionOf() as unknown as Record<string, unknown>)[key] = value;
    },
    kept: (key) => (sessionOf() as unknown as Record<string, unknown>)[key],
    async logIn(userId) {
      await new Promise((resolve) => sessionOf().regenerate(resolve));
      sessionOf().userId = userId;
    },
    logOut: () => new Promise((resolve) => sessionOf().destroy(() => resolve())),
  };
}
// #endregion
