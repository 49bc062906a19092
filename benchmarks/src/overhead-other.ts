import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuditor } from '@auditlogin/core';
import { auditLogin as auditExpress } from '@auditlogin/express';
import { auditLogin as auditFastify } from '@auditlogin/fastify';
import { auditLogin as auditKoa } from '@auditlogin/koa';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { cpuTime, report, start } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const { FRAMEWORK } = process.env;
const isAudited = side === 'ours' || side === 'without-mark';
// The core's entry point enables `mark()` without a request by AsyncLocalStorage. This side measures the audit without it.
if (side === 'without-mark') delete (globalThis as Record<symbol, unknown>)[Symbol.for('auditlogin.context')];

// Nothing is published, since requests that are no logins leave no event.
const auditor = createAuditor({ apiBase: 'http://127.0.0.1:9', project: 'dev', token: 't', spool: { kind: 'memory' } });
let ended = 0;
const beside = (response: ServerResponse): void => {
  if (side === 'limit') response.once('finish', () => (ended += 1));
};

async function listener(): Promise<RequestListener> {
  if (FRAMEWORK === 'koa') {
    const app = new Koa();
    app.use(isAudited ? auditKoa({ auditor }) : (_context, next) => next());
    app.use(async (context) => {
      beside(context.res);
      await Promise.resolve();
      context.body = { ok: true };
    });
    const koa = app.callback();
    return (request, response) => void koa(request, response);
  }
  if (FRAMEWORK === 'fastify') {
    const app = fastify();
    if (isAudited) await app.register(auditFastify, { auditor });
    else app.addHook('onRequest', (_request, _reply, next) => next());
    app.get('/items', async (_request, reply) => {
      beside(reply.raw);
      await Promise.resolve();
      return { ok: true };
    });
    await app.ready();
    return app.routing;
  }
  const app = express();
  app.use(isAudited ? auditExpress({ auditor }) : (_request, _response, next) => next());
  app.get('/items', async (_request, response) => {
    beside(response);
    await Promise.resolve();
    response.json({ ok: true });
  });
  return app;
}

const server = createServer(await listener()).listen(0, '127.0.0.1');
await once(server, 'listening');
const { child: load } = await start('load.js', { PORT: String((server.address() as AddressInfo).port), METHOD: 'GET', TARGET: '/items' });

async function ask(count: number): Promise<void> {
  load.send({ count });
  const [{ right }] = (await once(load, 'message')) as [{ right: number }];
  if (right !== count) throw new Error(`${count - right} of ${count} answers are wrong`);
}

// Warms up until the code is compiled.
await ask(Math.max(10_000, work));
const before = cpuTime();
await ask(work);
const cost = (cpuTime() - before) / work;
if (auditor.stats().queued > 0) throw new Error('a request that is no login left an event');
report({ value: cost, ended });
process.exit();
