import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationOf, localEventsIn } from '@auditlogin/core/log';
import { type FaultServer, startFaultServer } from '@auditlogin/testing/contract';
import { expectStored, killAll, moody, People, startApp as start, type Started } from './application.js';
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

/** Waits until events are on disk, since a kill before that would prove nothing. */
async function underWay({ said }: Started): Promise<void> {
  for (let queued = 0; queued === 0; await pause(10)) {
    ({ queued } = (await (await fetch(`http://127.0.0.1:${said}/stats`)).json()) as { queued: number });
  }
}

/** Stops the faults, waits until the spool is drained, and asserts that the log has every event that is owed and a new one. */
async function expectPublished(owed: Iterable<string>): Promise<void> {
  server.always = undefined;
  const destination = destinationOf({ apiBase: server.apiBase, project: 'dev' });
  const app = await startApp('before-response');
  const fresh = await people.logIn(app.said);
  const due = Date.now() + 30_000;
  for (;;) {
    const { waiting } = (await (await fetch(`http://127.0.0.1:${app.said}/stats`)).json()) as { waiting: number };
    if ((waiting === 0 && (localEventsIn(directory).get(destination) ?? []).length === 0) || Date.now() > due) break;
    await pause(50);
  }
  await app.kill('SIGTERM');
  expect(localEventsIn(directory).get(destination) ?? []).toEqual([]);
  expectStored(server, [...owed, fresh!], people.sent);
}

it(
  `publishes every login that was answered, through ${ROUNDS} × kill -9 of two processes on one directory (before-response)`,
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
    await expectPublished(owed);
  },
  ROUNDS * ROUND_TIMEOUT,
);

it(
  `publishes every login that was committed, through ${ROUNDS} × kill -9 (after-response)`,
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
      for (const { externalId } of localEventsIn(directory).get(destination) ?? []) if (!settled.has(externalId)) owed.add(externalId);
    }
    expect(owed.size).toBeGreaterThan(0);
    await expectPublished([]);
    const stored = new Set(server.stored.map(({ external_id }) => external_id));
    expect([...owed].filter((id) => !stored.has(id))).toEqual([]);
  },
  ROUNDS * ROUND_TIMEOUT,
);

it(
  `loses at most the last of the logins, ten milliseconds apart, when it is killed right behind an answer, ${ROUNDS} × (after-response)`,
  async () => {
    const rounds: string[][] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const app = await startApp('after-response');
      const answered: string[] = [];
      for (let number = 0; number < 50; number += 1) {
        if (number > 0) await pause(10);
        answered.push((await people.logIn(app.said))!);
      }
      await app.kill('SIGKILL');
      rounds.push(answered);
    }
    await expectPublished([]);
    const stored = new Set(server.stored.map(({ actor }) => actor?.id));
    const lost = rounds.map((answered) => answered.filter((id) => !stored.has(id)));
    expect(lost).toEqual(rounds.map((answered, round) => answered.slice(answered.length - lost[round]!.length)));
    console.info(
      `after-response: ${rounds.flat().length} logins answered, ${ROUNDS} kills right behind an answer, ${lost.flat().length} lost`,
    );
  },
  ROUNDS * ROUND_TIMEOUT,
);

it('ends at its deadline after SIGTERM while the server hangs, and leaves the events on disk', async () => {
  server.always = () => undefined;
  const app = await startApp('before-response', 500);
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) ids.push((await people.logIn(app.said))!);
  expect(await app.kill('SIGTERM')).toBe(0);
  expect(server.stored).toEqual([]);
  await expectPublished(ids);
}, 60_000);
