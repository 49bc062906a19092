import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditor } from '@auditlogin/core';
import { answer, type FaultServer, startFaultServer } from '@auditlogin/testing/contract';

// The built command: `npm test` builds before it runs the tests.
const BIN = join(__dirname, '..', 'dist', 'esm', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-cli-spool-'));
const directory = join(folder, 'spool');
let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const env = { PATH: process.env['PATH'], NO_COLOR: '1', AUDITLOG_SPOOL_DIR: directory };
const run = (...args: string[]): string => execFileSync(process.execPath, [BIN, 'spool', ...args], { encoding: 'utf8', env });
const json = (...args: string[]): unknown => JSON.parse(run(...args, '--json'));
const fail = (wanted: number, ...args: string[]): string => {
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'spool', ...args], { encoding: 'utf8', env });
  expect(status).toBe(wanted);
  return stderr;
};

it('lists, shows, replays and discards events that the server refused', async () => {
  expect(fail(1, 'list')).toMatch(/ERR_AUDIT_SPOOL: There is no spool directory .*; set AUDITLOG_SPOOL_DIR or --spool-dir/);
  const auditor = createAuditor({
    ...{ apiBase: server.apiBase, project: 'dev', token: 'spool-token-canary' },
    spool: { directory },
    logger: { warn: () => undefined, error: () => undefined },
  });
  server.always = (_, response) => answer(response, 400, { status: 400, error: 'not today \u001b[31m\u202e', type: 'Error' });
  for (const id of ['one', 'two', 'three']) await auditor.report({ action: 'user.login', actor: { id: 'u' }, external_id: id });
  await auditor.flush();
  server.always = undefined;

  expect(json('list')).toMatchObject([{ id: 'one', reason: 'not today [31m' }, { id: 'two' }, { id: 'three' }]);
  const list = run('list');
  expect(list).toMatch(/^ID +SET ASIDE +ACTION +REASON\none +20\S+Z +user\.login +not today/);
  // eslint-disable-next-line no-control-regex -- nothing may steer a terminal
  expect(list).not.toMatch(/[\u001b\u202e]/);
  expect(JSON.parse(run('show', 'two'))).toMatchObject({ external_id: 'two', action: 'user.login' });
  expect(fail(1, 'show', 'four')).toMatch(/These events are not set aside: four/);
  expect(json('stats')).toMatchObject([{ isInUse: true, events: 0, setAside: 3 }]);
  expect(run('stats')).toMatch(/running +0 +0 +0 +3/);

  expect(fail(2, 'replay')).toMatch(/Expected either the ids of events or --all/);
  expect(run('discard', 'three')).toBe('1 event was deleted.\n');
  expect(run('replay', 'one')).toMatch(/^1 event is queued again\. A running application sends them within a minute/);
  expect(json('replay', '--all')).toEqual({ replayed: 1, unreadable: [] });
  expect(run('list')).toBe('No events are set aside.\n');
  await auditor.close();

  const next = createAuditor({ apiBase: server.apiBase, project: 'dev', token: 'spool-token-canary', spool: { directory } });
  await next.flush();
  expect(next.stats()).toMatchObject({ adopted: 2, verified: 2 });
  expect(server.stored.map(({ external_id }) => external_id).sort()).toEqual(['one', 'two']);
  await next.close();
  expect(run('stats')).toMatch(/no events wait/);
}, 30_000);
