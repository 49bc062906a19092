import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditor } from '../src/index.js';
import { operateSpools } from '../src/log.js';
import { type FaultServer, startFaultServer } from '@auditlogin/testing/contract';

let directory: string;
let server: FaultServer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'auditlogin-elsewhere-'));
  server = await startFaultServer();
});
afterEach(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

const open = (apiBase: string, logs: string[] = [], project = 'dev'): ReturnType<typeof createAuditor> => {
  const log = (_details: object, message: string): void => void logs.push(message);
  const publish = { backoffMin: 1, backoffMax: 20, connectTimeout: 200 };
  return createAuditor({ apiBase, project, token: 't', spool: { directory }, publish, logger: { warn: log, error: log } });
};

async function leave(apiBase: string, count: number, project = 'dev'): Promise<void> {
  const auditor = open(apiBase, [], project);
  for (let index = 0; index < count; index += 1) await auditor.report({ action: 'user.login', actor: { id: `u${index}` } });
  await auditor.close({ timeout: 0 });
}

it('tells of events that wait for another address of the project, and moves them to the one of today', async () => {
  await leave('http://127.0.0.1:1/wrong', 3);
  await leave('http://127.0.0.1:1/wrong', 2, 'another');
  const logs: string[] = [];
  const auditor = open(server.apiBase, logs);
  await auditor.report({ action: 'user.login', actor: { id: 'new' } });
  await auditor.flush();
  expect(logs.join()).toMatch(/3 events in .* wait for another address of this project/);
  expect(auditor.health()).toMatchObject({ status: 'degraded', problems: [expect.stringMatching(/^3 events wait for another address/)] });
  await auditor.close();
  expect(server.stored).toHaveLength(1);

  const connection = { apiBase: server.apiBase, project: 'dev' };
  expect(operateSpools(directory).waitingElsewhere(connection)).toBe(3);
  expect(operateSpools(directory).move(connection)).toEqual({ moved: 3, inUse: 0 });
  expect(operateSpools(directory).waitingElsewhere(connection)).toBe(0);
  const next = open(server.apiBase);
  await next.report({ action: 'user.login', actor: { id: 'last' } });
  await next.flush();
  expect(next.health().status).toBe('ok');
  await next.close();
  expect(server.stored.map(({ actor }) => actor?.id).sort()).toEqual(['last', 'new', 'u0', 'u1', 'u2']);
});

it('takes an address in other letters or with a slash at its end for the same one', async () => {
  await leave('http://LOCALHOST:1/log/', 2);
  expect(operateSpools(directory).waitingElsewhere({ apiBase: 'http://localhost:1/log', project: 'dev' })).toBe(0);
});
