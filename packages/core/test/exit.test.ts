import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answer, type FaultServer, startFaultServer } from '@auditlogin/testing/contract';

// A child process needs the built package: `npm test` builds before it runs the tests.
const CORE = pathToFileURL(join(__dirname, '..', 'dist', 'esm', 'index.js')).href;

let server: FaultServer;
beforeEach(async () => (server = await startFaultServer()));
afterEach(() => server.close());

const directory = mkdtempSync(join(tmpdir(), 'auditlogin-exit-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Reports three events and neither flushes nor closes. */
async function runAndEnd(
  closeTimeout: number,
  kind: 'disk' | 'memory' = 'disk',
  ids = ['a', 'b', 'c'],
): Promise<{ code: number | null; output: string }> {
  const connection = { apiBase: server.apiBase, project: 'dev', token: 't' };
  const options = JSON.stringify({
    ...connection,
    closeTimeout,
    spool: { kind, directory },
    publish: { timeout: 300, backoffMin: 1, backoffMax: 50 },
  });
  const program = `
    import { createAuditor } from ${JSON.stringify(CORE)};
    const auditor = createAuditor(${options});
    for (const id of ${JSON.stringify(ids)}) await auditor.report({ action: 'user.login', actor: { id }, external_id: id });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

it('publishes the queued events before the process ends by itself', async () => {
  server.always = (_, response, store) => void setTimeout(() => answer(response, 201, store()), 100);
  expect(await runAndEnd(5_000)).toEqual({ code: 0, output: '' });
  expect(server.stored.map(({ external_id }) => external_id).sort()).toEqual(['a', 'b', 'c']);
});

it('lets the process end after a time-out, and reports the events that are lost in memory', async () => {
  server.always = () => undefined;
  const { code, output } = await runAndEnd(100, 'memory');
  expect(code).toBe(0);
  expect(output).toMatch(/ERR_AUDIT_CLOSED: \d events? lost/);
});

it('leaves the events on disk to the next process', async () => {
  server.always = () => undefined;
  const first = await runAndEnd(100);
  expect(first.code).toBe(0);
  expect(first.output).not.toMatch(/lost/);
  server.always = undefined;
  expect(await runAndEnd(5_000, 'disk', ['d'])).toEqual({ code: 0, output: '' });
  const stored = server.stored.map(({ external_id }) => external_id);
  expect([...new Set(stored)].sort()).toEqual(['a', 'b', 'c', 'd']);
});
