import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import cookie5 from '@fastify/cookie';
import cookie4 from '@fastify/cookie4';
import session5 from '@fastify/session';
import session4 from '@fastify/session4';
import { type ContractAdapter, type ContractExchange, contractRoutes } from '@auditlogin/testing/contract';
import fastify5, { type FastifyReply, type FastifyRequest } from 'fastify';
import fastify4 from 'fastify4';
import { type AuditLoginOptions, auditLogin, mark } from '../src/index.js';

interface Plugins {
  fastify: typeof fastify5;
  cookie: typeof cookie5;
  session: typeof session5;
}

interface SessionRequest {
  session: { userId?: string; visits?: number; regenerate(): Promise<void>; destroy(): Promise<void> };
}

const downStore = {
  get: (_id: string, done: (problem: unknown, session?: null) => void) => done(null, null),
  set: (_id: string, _session: unknown, done: (problem: unknown) => void) => done(new Error('the store is down')),
  destroy: (_id: string, done: (problem?: unknown) => void) => done(),
};

function adapterOf({ fastify, cookie, session }: Plugins): ContractAdapter {
  return {
    async start(options, handler, { host, trustedProxies, twice, storeIsDown, before }) {
      const app = fastify({
        trustProxy: (_address: string, hop: number) => hop < trustedProxies,
        forceCloseConnections: true,
        pluginTimeout: 3_000,
      });
      await app.register(auditLogin, options as AuditLoginOptions);
      await app.register(cookie);
      await app.register(session, {
        secret: 'secret-of-the-contract-is-32-long!',
        cookie: { secure: false },
        ...(storeIsDown && { store: downStore }),
      });
      if (before) {
        app.addHook('onRequest', async (request, reply) => ((await before(exchangeOf(request, reply))) === undefined ? undefined : reply));
      }
      if (twice) await app.register(auditLogin, options as AuditLoginOptions);
      const run = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
        (request as unknown as SessionRequest).session.visits = 1;
        await handler(exchangeOf(request, reply));
        return reply;
      };
      for (const [method, path] of contractRoutes) app[method](path, run);
      app.post('/enter', { config: { auditLogin: true } }, run);
      await app.listen({ port: 0, host });
      return {
        base: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
        close: async () => {
          await app.close();
        },
      };
    },
  };
}

function exchangeOf(request: FastifyRequest, reply: FastifyReply): ContractExchange {
  const { session } = request as unknown as SessionRequest;
  return {
    body: request.body,
    headers: request.headers,
    params: request.params as Record<string, string>,
    mark: mark(request),
    newMarker: () => mark(request),
    header: (name, value) => void reply.header(name, value),
    json: (status, body) => Promise.resolve(void reply.code(status).send(body)),
    bytes: (status, body) => Promise.resolve(void reply.code(status).type('application/json').send(body)),
    redirect: (location) => Promise.resolve(void reply.code(302).header('location', location).send()),
    stream(pieces, pause) {
      const stream = new PassThrough();
      void reply.send(stream);
      void (async () => {
        for (const piece of pieces) {
          stream.write(piece);
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
        stream.end();
      })();
      return Promise.resolve();
    },
    fail(status) {
      throw Object.assign(new Error('failed on purpose'), { statusCode: status });
    },
    hang: () => new Promise(() => undefined),
    setUser(user) {
      (request as { user?: unknown }).user = user;
    },
    keep(key, value) {
      (request as unknown as { session: Record<string, unknown> }).session[key] = value;
    },
    kept: (key) => (request as unknown as { session: Record<string, unknown> }).session[key],
    async logIn(userId) {
      await session.regenerate();
      (request as unknown as SessionRequest).session.userId = userId;
    },
    logOut: () => (request as unknown as SessionRequest).session.destroy(),
  };
}

/** The adapter with every major version of Fastify that it supports. */
export const contractAdapters = [
  ['Fastify 5', adapterOf({ fastify: fastify5, cookie: cookie5, session: session5 })],
  ['Fastify 4', adapterOf({ fastify: fastify4, cookie: cookie4, session: session4 } as unknown as Plugins)],
] as const;
