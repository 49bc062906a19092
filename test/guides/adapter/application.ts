import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type ContractAdapter, type ContractExchange, contractRoutes } from '@auditlogin/testing/contract';
import expressSession, { type SessionData } from 'express-session';
import proxyAddr from 'proxy-addr';
import { auditLogin, type AuditLoginOptions, type HttpRequest, mark, routed } from './node-http.js';

type Session = expressSession.Session & Partial<SessionData> & { userId?: string };

// #region application
/** An application with sessions, a JSON body parser, and routes, as the contract asks for it. */
export const httpAdapter: ContractAdapter = {
  async start(options, handler, { host, trustedProxies, twice }) {
    const audit = auditLogin(options as AuditLoginOptions);
    const session = promisify(
      expressSession({ secret: 'secret-of-the-contract', resave: false, saveUninitialized: true }) as unknown as (
        request: HttpRequest,
        response: ServerResponse,
        next: (problem?: unknown) => void,
      ) => void,
    );
    const routes = new Set(['POST /enter', ...contractRoutes.map(([method, path]) => `${method.toUpperCase()} ${path}`)]);

    async function answer(request: HttpRequest, response: ServerResponse): Promise<void> {
      request.ip = proxyAddr(request, (_address, index) => index < trustedProxies);
      await session(request, response);
      const handle = (): Promise<void> => route(request, response);
      await audit(request, response, twice ? () => audit(request, response, handle) : handle);
    }

    async function route(request: HttpRequest, response: ServerResponse): Promise<void> {
      const { pathname } = new URL(request.url!, 'http://localhost');
      if (request.headers['content-type'] === 'application/json') request.body = await json(request);
      if (!routes.has(`${request.method} ${pathname}`)) return void response.writeHead(404).end();
      routed(request, pathname);
      const run = (): Promise<void> => handler(exchangeOf(request, response));
      await (pathname === '/enter' ? audit(request, response, run, true) : run());
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
// #endregion

// #region exchange
/** What a scenario does, in the words of node:http and express-session. */
function exchangeOf(request: HttpRequest, response: ServerResponse): ContractExchange {
  const sessionOf = (): Session => request.session as Session;
  return {
    body: request.body,
    mark: mark(request),
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
    async logIn(userId) {
      await new Promise((resolve) => sessionOf().regenerate(resolve));
      sessionOf().userId = userId;
    },
    logOut: () => new Promise((resolve) => sessionOf().destroy(() => resolve())),
  };
}
// #endregion
