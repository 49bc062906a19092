import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationOf, localEventsIn } from '@auditlogin/core/log';
import { type FaultServer, startFaultServer } from '@auditlogin/testing/contract';
import { judge as judgeStored, killAll, moody, People, startApp as start, type Started } from './application.js';
import { ROUND_TIMEOUT, ROUNDS } from './rounds.js';

let server: FaultServer;
let directory: string;
let people: People;
beforeEach(async () => {
  server = await startFaultServer();
  directory = mkdtempSync(join(tmpdir(), 'auditlogin-kill-'));
  people = new People();
});
afterEach(async () => {
  killAll();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

function startApp(durability: 'before-response' | 'after-response', closeTimeout = 10_000): Promise<Started> {
  return start({ API_BASE: server.apiBase, SPOOL_DIR: directory, DURABILITY: durability, CLOSE_TIMEOUT: String(closeTimeout) });
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until events are on disk, however slow the machine is: before that a kill would prove nothing. */
async function underWay({ said }: Started): Promise<void> {
  for (let queued = 0; queued === 0; await pause(10)) {
    ({ queued } = (await (await fetch(`http://127.0.0.1:${said}/stats`)).json()) as { queued: number });
  }
}

/** The oracle, after the faults have stopped and the spool is drained; a fresh event passes. */
async function judge(owed: Iterable<string>): Promise<void> {
  server.always = undefined;
  const destination = destinationOf({ apiBase: server.apiBase, project: 'dev' });
  const app = await startApp('before-response');
  const fresh = await people.logIn(app.said);
  const due = Date.now() + 30_000;
  for (;;) {
    const { waiting } = (await (await fetch(`http://127.0.0.1:${app.said}/stats`)).json()) as { waiting: number };
    if ((waiting === 0 && localEventsIn(directory, destination).length === 0) || Date.now() > due) break;
    await pause(50);
  }
  await app.kill('SIGTERM');
  expect(localEventsIn(directory, destination)).toEqual([]);
  judgeStored(server, [...owed, fresh!], people.sent);
}

test(
  `before-response: ${ROUNDS} × kill -9 under load, two processes on one directory: what was answered is in the log`,
  async () => {
    const owed: string[] = [];
    server.always = moody;
    for (let round = 0; round < ROUNDS; round += 1) {
      const apps = await Promise.all([startApp('before-response'), startApp('before-response')]);
      const loads = apps.map(({ said }) => people.load(said));
      await Promise.all(apps.map(underWay));
      await pause(100 + Math.random() * 300);
      await Promise.all(apps.map((app) => app.kill('SIGKILL')));
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
      const app = await startApp('after-response');
      const loading = people.load(app.said);
      await underWay(app);
      await pause(100 + Math.random() * 300);
      await Promise.all([loading, app.kill('SIGKILL')]);
      const settled = new Set(server.stored.map(({ external_id }) => external_id));
      for (const { externalId } of localEventsIn(directory, destination)) if (!settled.has(externalId)) owed.add(externalId);
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
  const app = await startApp('before-response', 500);
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) ids.push((await people.logIn(app.said))!);
  expect(await app.kill('SIGTERM')).toBe(0);
  expect(server.stored).toEqual([]);
  await judge(ids);
}, 60_000);
