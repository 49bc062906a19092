import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { createAuditor } from '@auditlogin/core';
import { run } from './run.js';

let folder: string;
let collector: Collector;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'auditlogin-count-'));
  collector = await startCollector({ port: 0, dataDir: folder });
  const { apiBase, project, token } = collector;
  env = { AUDITLOG_API_BASE: apiBase, AUDITLOG_API_PROJECT: project, AUDITLOG_API_TOKEN: token };
  const auditor = createAuditor({ apiBase, project, token, spool: { kind: 'memory' } });
  for (const outcome of ['success', 'failure', 'failure']) {
    await auditor.report({ action: 'user.login', is_anonymous: true, fields: { outcome } });
  }
  await auditor.close();
});
afterEach(async () => {
  await collector.close();
  rmSync(folder, { recursive: true });
});

test('counts the events of a log by their outcome', async () => {
  const { code, stdout } = await run(['count', '--json'], { env }).ended;
  expect([code, JSON.parse(stdout)]).toEqual([0, { success: 1, failure: 2 }]);
});

test('prints the numbers as a table', async () => {
  const { stdout } = await run(['count'], { env }).ended;
  expect(stdout).toMatch(/^outcome +events\n/);
  expect(stdout).toMatch(/^failure +2$/m);
});

test('reports an unreadable log with an error code and an exit code', async () => {
  const { code, stdout, stderr } = await run(['count'], { env: { ...env, AUDITLOG_API_TOKEN: 'wrong' } }).ended;
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^ERR_AUDIT_UNAUTHORIZED: /);
});
