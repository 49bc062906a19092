import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spoolsIn, destinationOf } from '../src/spool/disk/directory.js';
import { type FaultServer, startFaultServer, watchedAuditor } from '@auditlogin/testing/contract';

let server: FaultServer;
beforeEach(async () => (server = await startFaultServer()));
afterEach(() => server.close());

it('locks the spools of two auditors in one process against each other and other processes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'auditlogin-two-'));
  server.always = () => undefined;
  const first = watchedAuditor(server.apiBase, { spool: { kind: 'disk', directory } });
  await first.auditor.report({ action: 'x', actor: { id: 'u' } });
  const second = watchedAuditor(server.apiBase, { spool: { kind: 'disk', directory } });
  await second.auditor.report({ action: 'y', actor: { id: 'u' } });
  expect([first.auditor.stats().adopted, second.auditor.stats().adopted]).toEqual([0, 0]);
  // Another process finds both spools locked.
  const probe = `
    const { lockSpool } = require(${JSON.stringify(join(__dirname, '..', 'dist', 'cjs', 'spool', 'disk', 'directory.js'))});
    console.log(JSON.stringify(process.argv.slice(1).map((path) => lockSpool(path) === undefined)));`;
  const spools = spoolsIn(directory, destinationOf({ apiBase: server.apiBase, project: 'dev' }));
  const { stdout } = spawnSync(process.execPath, ['-e', probe, ...spools], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual([true, true]);
  await Promise.all([first.auditor.close({ timeout: 0 }), second.auditor.close({ timeout: 0 })]);
  rmSync(directory, { recursive: true });
});
