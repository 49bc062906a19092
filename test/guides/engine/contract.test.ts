// #region contract
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCollector } from '@auditlogin/collector';
import { type CheckedReceipt, createAuditor, createRelay } from '@auditlogin/core';
import { openSqlite } from '@auditlogin/core/engine';
import { type ContractTest, sharedSpoolContract, spoolContract } from '@auditlogin/testing/contract';
import { sqliteEngine } from './sqlite-engine.js';

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-engine-'));
let number = 0;
const newFile = (): string => join(folder, `${(number += 1)}.db`);
let file = newFile();

/** Takes events in another process, and kills it. */
async function takeAndDie(limit: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(__dirname, 'take-and-die.mjs'), file, String(limit)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  child.kill('SIGKILL');
  await once(child, 'exit');
  return JSON.parse(output) as string[];
}

function runAll(name: string, tests: readonly ContractTest[]): void {
  describe(name, () => {
    for (const { name, run, timeout } of tests) test(name, run, timeout);
  });
}

runAll('the spool contract', spoolContract({ open: () => sqliteEngine({ file: newFile(), maxEvents: 10 }), isOneBatchAtATime: true }));
runAll(
  'the contract of shared spools',
  sharedSpoolContract({
    reset: () => Promise.resolve(void (file = newFile())),
    open: () => sqliteEngine({ file, lease: 1_000 }),
    takeAndDie,
    putRaw(body, instance) {
      const database = openSqlite(file);
      const insert = 'INSERT INTO outbox (id, instance, body, bytes, queued_at) VALUES (?, ?, ?, 0, 0)';
      database.prepare(insert).run(randomUUID(), instance, body);
      return Promise.resolve(database.close());
    },
  }),
);

test('publishes the events that an application hands to the engine through a relay', async () => {
  const shared = newFile();
  const collector = await startCollector({ port: 0, dataDir: join(folder, 'collector') });
  const auditor = createAuditor({ engine: sqliteEngine({ file: shared }), spool: { kind: 'memory' } });
  await auditor.report({ action: 'user.login', actor: { id: 'u-1' } });
  await auditor.flush();
  await auditor.close();

  const { apiBase, project, token } = collector;
  const checked: CheckedReceipt[] = [];
  const onReceipt = (receipt: CheckedReceipt): void => void checked.push(receipt);
  const relay = createRelay({ engine: sqliteEngine({ file: shared }), apiBase, project, token, onReceipt });
  while (checked.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(checked).toEqual([expect.objectContaining({ verdict: 'verified', event: expect.objectContaining({ actor: { id: 'u-1' } }) })]);
  await relay.close();
  await collector.close();
});

afterAll(() => rmSync(folder, { recursive: true }));
// #endregion
