import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { type Auditor, createAuditor } from '@auditlogin/core';
import { auditLogin } from '@auditlogin/express';
import { Client } from '@retracedhq/retraced';
import express from 'express';
import { loginEvent } from './login-event.js';
import { report, start } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const PASSWORD_CHECK = 50;
const { child: log, said } = await start<{ port: number }>('audit-server.js');
const apiBase = `http://127.0.0.1:${said.port}`;
const directory = mkdtempSync(join(tmpdir(), 'auditlogin-bench-'));

const app = express();
let auditor: Auditor | undefined;
if (side === 'ours' || side === 'before-response') {
  const durability = side === 'ours' ? 'after-response' : side;
  auditor = createAuditor({ apiBase, project: 'dev', token: 't', durability, spool: { directory, required: true }, closeTimeout: 60_000 });
  app.use(auditLogin({ auditor }));
}
const client = new Client({ apiKey: 't', projectId: 'dev', endpoint: apiBase });
app.post('/login', async (_request, response) => {
  // Waits as long as a password check takes, without using the CPU, which would hide all other costs on two cores.
  await wait(PASSWORD_CHECK);
  if (side === 'peer') await client.reportEvent(loginEvent(1));
  response.json({ ok: true });
});
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
const { child: load } = await start('arrivals.js', { PORT: String((server.address() as AddressInfo).port) });

async function logIn(count: number): Promise<{ p50: number; p99: number }> {
  load.send(count);
  const [result] = (await once(load, 'message')) as [{ p50: number; p99: number; right: number }];
  if (result.right !== count) throw new Error(`${count - result.right} of ${count} answers are wrong`);
  return result;
}
await logIn(200);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const { p50, p99 } = await logIn(work);
delay.disable();
await auditor?.flush();
report({ value: process.env['VALUE'] === 'loop' ? delay.percentile(99) / 1e6 : p99, p50_ms: p50 });
await auditor?.close();
log.disconnect();
rmSync(directory, { recursive: true });
process.exit();
