import { setTimeout as pause } from 'node:timers/promises';
import type { EventInput } from '../src/index.js';
import { answer, type Fault, type FaultServer, startFaultServer, type WatchedAuditor, watchedAuditor } from '@auditlogin/testing/contract';

let server: FaultServer;
let watched: WatchedAuditor;
beforeEach(async () => {
  server = await startFaultServer();
  watched = watchedAuditor(server.apiBase);
});
afterEach(async () => {
  await watched.auditor.close({ timeout: 0 });
  await server.close();
});

const event = (external_id: string): EventInput => ({ action: 'user.login', actor: { id: 'u' }, external_id });
const report = (ids: readonly string[]): Promise<string[]> => Promise.all(ids.map((id) => watched.auditor.report(event(id))));
const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const stored = (): Set<string | undefined> => new Set(server.stored.map(({ external_id }) => external_id));

async function until(holds: () => boolean): Promise<void> {
  for (const due = Date.now() + 20_000; !holds() && Date.now() < due;) await pause(5);
  expect(holds()).toBe(true);
}

/** A firewall that answers to some events' text instead of the server. */
const firewall =
  (refuse: (response: Parameters<Fault>[1]) => void): Fault =>
  ({ events }, response, store) =>
    events.some(({ external_id }) => external_id?.startsWith('bad')) ? refuse(response) : answer(response, 201, store());
const page = (status: number) => (response: Parameters<Fault>[1]) => answer(response, status, '<h1>Request blocked</h1>');

const LAYOUTS: [string, string[]][] = [
  ['at the front', ['bad', ...named('good', 60)]],
  ['in the middle', [...named('good', 30), 'bad', ...named('more', 30)]],
  ['two side by side', [...named('good', 10), 'bad0', 'bad1', ...named('more', 50)]],
  ['a batch and more of them in front of the others', [...named('bad', 70), ...named('good', 20)]],
];

describe.each([400, 403, 406, 413, 418, 422, 500])('an event that a firewall answers with %i', (status) => {
  it.each(LAYOUTS)('does not stop the others: %s', async (_where, ids) => {
    server.always = firewall(page(status));
    await report(ids);
    const good = ids.filter((id) => !id.startsWith('bad'));
    await until(() => watched.auditor.stats().verified === good.length);
    expect(stored()).toEqual(new Set(good));
    const { lost, setAside, waiting } = watched.auditor.stats();
    expect([lost, setAside + waiting]).toEqual([0, ids.length - good.length]);
  });

  it('is set aside with the answer that it got, while others go on to pass', async () => {
    server.always = firewall(page(status));
    await report(['bad', 'first']);
    await until(() => stored().has('first'));
    expect(watched.auditor.health()).toMatchObject({ status: 'degraded' });
    for (let number = 0; watched.drops.length === 0 && number < 500; number += 1) {
      await report([`good${number}`]);
      await pause(5);
    }
    expect(watched.drops).toMatchObject([{ event: { external_id: 'bad' }, error: { status, reason: 'Request blocked' } }]);
    await watched.auditor.flush();
    expect(watched.auditor.stats()).toMatchObject({ lost: 0, setAside: 1, waiting: 0 });
  });
});

it.each<[string, Fault]>([
  ['503', firewall(page(503))],
  ['429', firewall(page(429))],
  ['401', firewall(page(401))],
  ['502, which leaves in doubt', firewall(page(502))],
  ['a reset', firewall((response) => response.destroy())],
])('an event that gets %s is sent again and again, and does not stop the others', async (_what, fault) => {
  server.always = fault;
  await report(['bad', 'first']);
  for (let number = 0; number < 100; number += 1) {
    await report([`good${number}`]);
    await pause(3);
  }
  await until(() => named('good', 100).every((id) => stored().has(id)) && watched.auditor.stats().waiting === 1);
  expect(watched.auditor.stats()).toMatchObject({ lost: 0, setAside: 0 });
  expect(watched.auditor.health().problems.join()).toMatch(/held back|does not accept|cannot be reached/);
  server.always = undefined;
  await watched.auditor.flush();
  expect(stored().has('bad')).toBe(true);
});

it.each([400, 403, 404, 413, 422, 500, 502])('while everything gets %i, everything waits, and all of it arrives later', async (status) => {
  server.always = (_, response) => answer(response, status, '<h1>Bad gateway</h1>');
  const ids = await report(named('e', 120));
  await expect(watched.auditor.flush({ timeout: 400 })).rejects.toMatchObject({ code: 'ERR_AUDIT_TIMEOUT' });
  expect(watched.auditor.stats()).toMatchObject({ setAside: 0, lost: 0, waiting: 120 });
  expect(watched.auditor.health().problems).toEqual([`the server does not accept events (${status})`]);
  server.always = undefined;
  await watched.auditor.flush();
  expect(stored()).toEqual(new Set(ids));
  expect(watched.auditor.health()).toMatchObject({ status: 'ok', problems: [] });
});

it('sets nothing aside while a server fails at random', async () => {
  server.always = (_, response, store) => (Math.random() < 0.3 ? answer(response, 500, 'no') : answer(response, 201, store()));
  const ids: string[] = [];
  for (let round = 0; round < 40; round += 1) {
    ids.push(...(await report(named(`r${round}-`, 10))));
    await pause(5);
  }
  await watched.auditor.flush({ timeout: 20_000 });
  expect(watched.auditor.stats()).toMatchObject({ setAside: 0, lost: 0 });
  expect(stored()).toEqual(new Set(ids));
});

it('counts and reports events that are held back as lost when a spool in memory is closed', async () => {
  server.always = firewall(page(503));
  await report(['bad', 'good']);
  await until(() => stored().has('good'));
  await watched.auditor.close({ timeout: 50 });
  expect(watched.auditor.stats()).toMatchObject({ lost: 1 });
  expect(watched.drops).toMatchObject([{ event: { external_id: 'bad' }, error: { code: 'ERR_AUDIT_CLOSED' } }]);
});

it.each<[string, () => WatchedAuditor, string]>([
  [
    'a token function that never answers',
    () => watchedAuditor(server.apiBase, { token: () => new Promise(() => undefined) }),
    'the "token" function gives no token',
  ],
  [
    'a token that is refused',
    () => ((server.always = (_, response) => answer(response, 401, { error: 'Unauthorized' })), watchedAuditor(server.apiBase)),
    'the server does not accept the token (401)',
  ],
  [
    'a server that goes on for ever',
    () => {
      server.always = (_, response) => {
        response.writeHead(201);
        const timer = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(timer));
      };
      return watchedAuditor(server.apiBase);
    },
    'the server does not answer in time',
  ],
  ['no server', () => watchedAuditor('http://127.0.0.1:1'), 'the server cannot be reached'],
])('health() tells what is wrong: %s', async (_what, open, problem) => {
  const { auditor } = open();
  await auditor.report(event('x'));
  await until(() => auditor.health().status !== 'ok');
  expect(auditor.health().problems).toEqual([problem]);
  await auditor.close({ timeout: 0 });
});
