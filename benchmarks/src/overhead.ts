import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Auditor, createAuditor } from '@auditlogin/core';
import { auditLogin as auditExpress } from '@auditlogin/express';
import { auditLogin as auditFastify } from '@auditlogin/fastify';
import { auditLogin as auditKoa } from '@auditlogin/koa';
import { Client, type Event } from '@retracedhq/retraced';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { loginEvent } from './login-event.js';
import { cpuTime, report, start } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const { FRAMEWORK, SPOOL, RATES } = process.env;
const { child: log, said } = await start<{ port: number }>('audit-server.js');
const apiBase = `http://127.0.0.1:${said.port}`;
const directory = mkdtempSync(join(tmpdir(), 'auditlogin-bench-'));

let auditor: Auditor | undefined;
if (side === 'ours') {
  auditor = createAuditor({
    apiBase,
    project: 'dev',
    token: 't',
    component: 'shop',
    version: '1.2.3',
    spool: { kind: SPOOL as 'disk' | 'memory', directory, required: SPOOL === 'disk' },
    closeTimeout: 120_000,
  });
}
const client = new Client({ apiKey: 't', projectId: 'dev', endpoint: apiBase });
let reported = 0;
let seen = 0;

/** What the route does besides answering, by side. */
const beside: Record<string, (response: ServerResponse) => void> = {
  bare: () => undefined,
  ours: () => undefined,
  // The usual way to use the official SDK: the handler calls it without waiting.
  peer: () => void client.reportEvent(loginEvent(seen) as unknown as Event).then(() => (reported += 1)),
  limit: (response) => void response.once('finish', () => (reported += 1)),
};
const handle = beside[side]!;

async function listener(): Promise<RequestListener> {
  if (FRAMEWORK === 'koa') {
    const app = new Koa();
    if (auditor) app.use(auditKoa({ auditor }));
    app.use((context) => {
      if (context.path !== '/login') return;
      seen += 1;
      handle(context.res);
      context.body = { ok: true };
    });
    const koa = app.callback();
    return (request, response) => void koa(request, response);
  }
  if (FRAMEWORK === 'fastify') {
    const app = fastify();
    if (auditor) await app.register(auditFastify, { auditor });
    app.post('/login', (_request, reply) => {
      seen += 1;
      handle(reply.raw);
      void reply.send({ ok: true });
    });
    await app.ready();
    return app.routing;
  }
  const app = express();
  if (auditor) app.use(auditExpress({ auditor }));
  app.post('/login', (_request, response) => {
    seen += 1;
    handle(response);
    response.json({ ok: true });
  });
  return app;
}

const server = createServer(await listener()).listen(0, '127.0.0.1');
await once(server, 'listening');
const { child: load } = await start('load.js', { PORT: String((server.address() as AddressInfo).port) });

/**
 * Sends logins and waits until the last event is verified, so that all costs are included.
 *
 * @returns the seconds until the last login was answered
 */
async function logIn(count: number, rate?: number): Promise<number> {
  const goal = reported + count;
  load.send({ count, rate });
  const [{ right, seconds }] = (await once(load, 'message')) as [{ right: number; seconds: number }];
  if (right !== count) throw new Error(`${count - right} of ${count} answers are wrong`);
  if (auditor) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await auditor.flush();
    if (auditor.stats().verified !== seen) throw new Error(`${auditor.stats().verified} of ${seen} events were verified`);
  }
  if (side === 'peer') while (reported < goal) await new Promise((resolve) => setTimeout(resolve, 5));
  return seconds;
}

async function costOf(count: number, rate?: number): Promise<{ cost: number; perSecond: number }> {
  const before = cpuTime();
  const seconds = await logIn(count, rate);
  return { cost: (cpuTime() - before) / count, perSecond: count / seconds };
}

// Warms up until the code is compiled, since real applications run for weeks. The peer is slow and needs fewer logins.
await logIn(Math.max(10_000, side === 'peer' ? 0 : 2 * work));
if (RATES === undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const { cost } = await costOf(work);
  delay.disable();
  report({ value: cost, loop_delay_p99_ms: delay.percentile(99) / 1e6 });
} else {
  const costs: Record<string, number> = {};
  for (const rate of RATES.split(',').map(Number)) {
    const { cost, perSecond } = await costOf(Math.max(3, Math.round(rate * work)), rate);
    costs[`cost_at_${rate}`] = cost;
    costs[`answered_at_${rate}`] = perSecond;
  }
  report({ value: costs['cost_at_1000']!, ...costs });
}
await auditor?.close();
log.disconnect();
rmSync(directory, { recursive: true });
process.exit();
