import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { AuditError, type AuditErrorCode, type Auditor, type CheckedReceipt } from '@auditlogin/core';
import { type Accounts, demoAccounts } from '@auditlogin/example-shared';
import picocolors from 'picocolors';
import { createApp } from './app.js';
import { logIn, TRIES } from './attempts.js';
import { rowOf, tableHead } from './row.js';

const EVENTS_DUE = 10_000;
const paint = picocolors.createColors(picocolors.isColorSupported && !process.env['NO_COLOR']);

async function main(): Promise<void> {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => flag !== '--once');
  if (unknown !== undefined) throw new Error(`Unknown flag ${unknown}; the only one is --once, which ends after the logins.`);
  const once = flags.includes('--once');

  console.log('Starting the collector …');
  const collector = await startOn(4477, once);
  console.log('Starting the example application …');
  const accounts = await demoAccounts();
  const running = await startExample(accounts, collector, once);

  console.log(`Logging in ${TRIES.length} times over HTTP …\n\n${tableHead(paint)}`);
  for (const attempt of TRIES) await logIn(running.address, attempt);
  await queued(running.auditor, TRIES.length);
  await running.auditor.flush();
  const isComplete = report(running.auditor);

  if (!once) {
    console.log(
      `\nLogin page  ${paint.cyan(`${running.address}/login`)}\nViewer      ${paint.cyan(collector.viewerLink)}\n${paint.dim('Ctrl-C stops both.')}`,
    );
    await stopSignal();
  }
  await running.close();
  await collector.close();
  accounts.close();
  if (!isComplete) process.exitCode = 1;
}

function report(auditor: Auditor): boolean {
  const { published, verified, lost, mismatched, waiting } = auditor.stats();
  console.log(`\n${published} events published, ${verified} verified, ${lost + waiting} lost`);
  return published === TRIES.length && verified === TRIES.length && lost === 0 && mismatched === 0;
}

async function startOn(port: number, anyPort: boolean): Promise<Collector> {
  const dataDir = join('.auditlogin', 'demo');
  if (anyPort) return startCollector({ port: 0, dataDir });
  try {
    return await startCollector({ port, dataDir });
  } catch (thrown) {
    if (!(thrown instanceof AuditError) || thrown.code !== ('ERR_AUDIT_OPTION_INVALID' satisfies AuditErrorCode)) throw thrown;
    console.log(paint.dim(`Port ${port} is taken; another one is used.`));
    return startCollector({ port: 0, dataDir });
  }
}

async function startExample(
  accounts: Accounts,
  { apiBase, project, token }: Collector,
  anyPort: boolean,
): Promise<{ address: string; auditor: Auditor; close(): Promise<void> }> {
  const onReceipt = (checked: CheckedReceipt): void => console.log(rowOf(checked, paint));
  const { app, audit } = createApp(accounts, { apiBase, project, token, version: '1.0.0', onReceipt });
  const server = createServer(app);
  server.listen(anyPort ? 0 : 3300, '127.0.0.1').on('error', () => server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    auditor: audit.auditor,
    async close() {
      server.close();
      server.closeAllConnections();
      await audit.auditor.close();
    },
  };
}

/** Waits for the events, which are queued after their responses. The server notices an aborted request a moment after the client has disconnected. */
async function queued(auditor: Auditor, count: number): Promise<void> {
  const due = Date.now() + EVENTS_DUE;
  while (auditor.stats().queued < count && Date.now() < due) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function stopSignal(): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 1;
}
