import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import type { AuditEvent, CheckedReceipt } from '@auditlogin/core';
import { type Accounts, demoAccounts } from '@auditlogin/example-shared';
import { createApp, type ExampleApp } from '../src/app.js';
import { logIn, TRIES } from '../src/attempts.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-example-'));
const receipts: CheckedReceipt[] = [];
let collector: Collector;
let accounts: Accounts;
let example: ExampleApp;
let server: Server;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir });
  accounts = await demoAccounts();
  const { apiBase, project, token } = collector;
  example = createApp(accounts, { apiBase, project, token, onReceipt: (receipt) => receipts.push(receipt) });
  server = createServer(example.app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await example.audit.auditor.close();
  await collector.close();
  accounts.close();
  rmSync(dataDir, { recursive: true });
});

const expected: Record<string, { fields: Record<string, string>; event?: Partial<AuditEvent> }> = {
  success: {
    fields: { outcome: 'success', evidence: 'session', group_source: 'resolved' },
    event: { actor: { id: 'u-1', name: 'Ann Arbor' }, group: { id: 'acme', name: 'Acme Inc.' } },
  },
  'success of another customer': {
    fields: { outcome: 'success' },
    event: { actor: { id: 'u-2', name: 'Bo Globe' }, group: { id: 'globex', name: 'Globex' } },
  },
  'wrong password': {
    fields: { outcome: 'failure', reason: 'wrong_password', evidence: 'marker', group_source: 'claimed' },
    event: { target: { id: 'u-1', name: 'Ann Arbor', type: 'account' }, is_anonymous: true, is_failure: true },
  },
  'unknown user': {
    fields: { outcome: 'failure', reason: 'user_not_found', identity: 'm***y@example.com' },
    event: { is_anonymous: true, is_failure: true },
  },
  'locked account': {
    fields: { outcome: 'failure', reason: 'account_locked' },
    event: { target: { id: 'u-3', name: 'Leo Locked', type: 'account' }, is_anonymous: true },
  },
  'success without a customer': {
    fields: { outcome: 'success', group_source: 'none' },
    event: { actor: { id: 'u-4', name: 'Ida Independent' } },
  },
  // The client disconnects while its password is checked, and the handler completes the login afterwards.
  'aborted request': {
    fields: { outcome: 'success', evidence: 'session', ending: 'aborted' },
    event: { actor: { id: 'u-1', name: 'Ann Arbor' } },
  },
  'a name with quotes, emoji and NUL': { fields: { outcome: 'failure', reason: 'user_not_found', identity: '"***\uFFFD' } },
};

test.each(TRIES.map((attempt) => [attempt.title, attempt] as const))('%s', async (title, attempt) => {
  receipts.length = 0;
  await logIn(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, attempt);
  while (receipts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(receipts).toHaveLength(1);
  const [{ event, verdict }] = receipts as [CheckedReceipt];
  const wanted = expected[title]!;
  expect(verdict).toBe('verified');
  expect(event.fields).toMatchObject(wanted.fields);
  expect(event).toMatchObject({ action: 'user.login', source_ip: '127.0.0.1', ...wanted.event });
  expect(JSON.stringify(event)).not.toContain(attempt.password);
});
