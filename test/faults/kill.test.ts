import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationOf, heldIn, type AuditEvent } from '@auditlogin/core';
import { answer, type Fault, type FaultServer, startFaultServer } from '../../packages/core/test/fault-server.js';
import { ROUND_TIMEOUT, ROUNDS } from './rounds.js';

let server: FaultServer;
let directory: string;
const children = new Set<ChildProcess>();
beforeEach(async () => {
  server = await startFaultServer();
  directory = mkdtempSync(join(tmpdir(), 'auditlogin-kill-'));
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

type Durability = 'before-response' | 'after-response';

async function startApp(durability: Durability, closeTimeout = 10_000): Promise<{ child: ChildProcess; base: string }> {
  const child = spawn(process.execPath, [join(__dirname, 'app.mjs')], {
    env: {
      PATH: process.env['PATH'],
      API_BASE: server.apiBase,
      SPOOL_DIR: directory,
      DURABILITY: durability,
      CLOSE_TIMEOUT: String(closeTimeout),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  for await (const piece of child.stdout.setEncoding('utf8')) {
    const port = /port (\d+)/.exec(piece as string)?.[1];
    if (port) return { child, base: `http://127.0.0.1:${port}` };
  }
  throw new Error('the application did not start');
}

let number = 0;
const sent = new Set<string>();
/** Logs in until the application is gone; gives the ids that were answered with 200. */
async function load(base: string): Promise<string[]> {
  const acknowledged: string[] = [];
  const one = async (): Promise<void> => {
    for (;;) {
      const id = `a${(number += 1)}`;
      sent.add(id);
      try {
        const response = await fetch(`${base}/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ id }),
        });
        if (response.status === 200) acknowledged.push(id);
        await response.arrayBuffer();
      } catch {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 10 }, one));
  return acknowledged;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const idIn = ({ actor }: AuditEvent): string => actor!.id;

/** The oracle: nothing that is owed is missing, nothing is there that was not sent, copies are copies of one event, and a fresh event passes. */
async function judge(owed: Iterable<string>): Promise<void> {
  server.always = undefined;
  const { child, base } = await startApp('before-response');
  const fresh = `fresh${(number += 1)}`;
  sent.add(fresh);
  await fetch(`${base}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id: fresh }) });
  const due = Date.now() + 30_000;
  for (;;) {
    const { waiting } = (await (await fetch(`${base}/stats`)).json()) as { waiting: number };
    if ((waiting === 0 && heldIn(directory, destinationOf({ apiBase: server.apiBase, project: 'dev' })).length === 0) || Date.now() > due)
      break;
    await pause(50);
  }
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  const stored = new Set(server.stored.map(idIn));
  expect(heldIn(directory, destinationOf({ apiBase: server.apiBase, project: 'dev' }))).toEqual([]);
  expect([...owed].filter((id) => !stored.has(id))).toEqual([]);
  expect([...stored].filter((id) => !sent.has(id))).toEqual([]);
  expect(stored.has(fresh)).toBe(true);
  // Each attempt is one event: all its copies have one `external_id`.
  const eventOf = new Map<string, string>();
  const forked = server.stored.filter(
    (event) => (eventOf.get(idIn(event)) ?? event.external_id) !== (eventOf.set(idIn(event), event.external_id!), event.external_id),
  );
  expect(forked).toEqual([]);
}

/** Now and then the server fails, too, before or after it has stored. */
const moody: Fault = (_, response, store) => {
  const mood = Math.random();
  if (mood < 0.1) return void response.destroy();
  if (mood < 0.2) return void (store(), response.destroy());
  if (mood < 0.3) return answer(response, 503, 'no', { 'retry-after': '0' });
  answer(response, 201, store());
};

test(
  `before-response: ${ROUNDS} × kill -9 under load, two processes on one directory: what was answered is in the log`,
  async () => {
    const owed: string[] = [];
    server.always = moody;
    for (let round = 0; round < ROUNDS; round += 1) {
      const apps = await Promise.all([startApp('before-response'), startApp('before-response')]);
      const loads = apps.map(({ base }) => load(base));
      await pause(100 + Math.random() * 300);
      for (const { child } of apps) child.kill('SIGKILL');
      owed.push(...(await Promise.all(loads)).flat());
    }
    expect(owed.length).toBeGreaterThan(ROUNDS * 10);
    await judge(owed);
  },
  ROUNDS * ROUND_TIMEOUT,
);

test(
  `after-response: ${ROUNDS} × kill -9 under load: what was committed is in the log`,
  async () => {
    const owed = new Set<string>();
    server.always = moody;
    const destination = destinationOf({ apiBase: server.apiBase, project: 'dev' });
    for (let round = 0; round < ROUNDS; round += 1) {
      const { child, base } = await startApp('after-response');
      const loading = load(base);
      await pause(100 + Math.random() * 300);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await Promise.all([loading, gone]);
      const settled = new Set(server.stored.map(({ external_id }) => external_id));
      for (const { externalId } of heldIn(directory, destination)) if (!settled.has(externalId)) owed.add(externalId);
    }
    expect(owed.size).toBeGreaterThan(0);
    await judge([]);
    const stored = new Set(server.stored.map(({ external_id }) => external_id));
    expect([...owed].filter((id) => !stored.has(id))).toEqual([]);
  },
  ROUNDS * ROUND_TIMEOUT,
);

test('SIGTERM while the server hangs: the process ends at its deadline, and what waits stays on disk', async () => {
  server.always = () => undefined;
  const { child, base } = await startApp('before-response', 500);
  const ids = ['t1', 't2', 't3'];
  for (const id of ids) {
    sent.add(id);
    await fetch(`${base}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id }) });
  }
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await ended) as [number];
  expect(code).toBe(0);
  expect(server.stored).toEqual([]);
  await judge(ids);
}, 60_000);
