import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type AuditErrorCode, type AuditorOptions, createAuditor, type EventInput } from '../src/index.js';
import { destinationOf } from '../src/log.js';
import { placeIn } from '../src/spool/disk/directory.js';
import { pageOf } from '../src/spool/disk/event-page.js';
import { openSpoolFile } from '../src/spool/disk/spool-file.js';
import {
  answer,
  type Fault,
  type FaultServer,
  spoolEvent,
  startFaultServer,
  TOKEN,
  type WatchedAuditor,
  watchedAuditor,
} from '@auditlogin/testing/contract';

let server: FaultServer;
let watched: WatchedAuditor;
beforeEach(async () => {
  server = await startFaultServer();
  watched = watchedAuditor(server.apiBase);
});
afterEach(async () => {
  await watched.auditor.close({ timeout: 0 });
  await server.close();
  expect(inspect([watched.errors, watched.drops, watched.logs], { depth: 10 })).not.toContain(TOKEN);
});

const event = (external_id: string, more: Partial<EventInput> = {}): EventInput => ({
  action: 'user.login',
  actor: { id: 'u' },
  external_id,
  ...more,
});

async function report(count: number, prefix = 'e'): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => watched.auditor.report(event(`${prefix}${index}`))));
}

/** Asserts that every queued event is stored, and that the number of copies is the number of events that were in doubt. */
function expectStored(ids: string[], duplicates = 0): void {
  const stored = server.stored.map(({ external_id }) => external_id);
  expect(new Set(stored)).toEqual(new Set(ids));
  expect(stored).toHaveLength(ids.length + duplicates);
}

it('sends a single event by the single call and verifies its receipt', async () => {
  expectStored(await report(1).then(async (ids) => (await watched.auditor.flush(), ids)));
  expect(server.calls).toEqual([1]);
  expect(watched.receipts).toMatchObject([{ verdict: 'verified', event: { external_id: 'e0' } }]);
  expect(server.headers[0]).toMatchObject({ authorization: `Token token=${TOKEN}`, 'content-type': 'application/json' });
});

it('sends events in batches of fifty over a few persistent connections', async () => {
  const ids = await report(1000);
  await watched.auditor.flush();
  expectStored(ids);
  expect(Math.max(...server.calls)).toBe(50);
  expect(server.calls.length).toBeLessThan(30);
  expect(server.connections()).toBeLessThanOrEqual(4);
  expect(watched.auditor.stats()).toEqual({
    queued: 1000,
    handedOver: 0,
    published: 1000,
    verified: 1000,
    mismatched: 0,
    lost: 0,
    setAside: 0,
    coalesced: 0,
    adopted: 0,
    retries: 0,
    waiting: 0,
  });
});

const reset: Fault = (_, response) => response.destroy();
const resetAfterStoring: Fault = (_, response, store) => (store(), response.destroy());
const hang: Fault = () => undefined;
const cutBody: Fault = (_, response, store) => {
  response.writeHead(201, { 'content-length': '999' });
  response.write(JSON.stringify(store()).slice(0, 20));
  setTimeout(() => response.destroy(), 5);
};
const wrongCount: Fault = (_, response, store) => (store(), answer(response, 201, []));
const endless: Fault = (_, response) => {
  const more = (): void => {
    while (!response.destroyed && response.write(' '.repeat(1_048_576)));
  };
  response.on('drain', more).writeHead(201);
  more();
};
const notJson: Fault = (_, response, store) => (store(), answer(response, 201, '<html>ok</html>'));

it.each<[string, Fault, AuditErrorCode, number]>([
  ['connection reset before storing', reset, 'ERR_AUDIT_CONNECTION', 0],
  ['connection reset after storing', resetAfterStoring, 'ERR_AUDIT_CONNECTION', 1],
  ['no answer', hang, 'ERR_AUDIT_TIMEOUT', 0],
  ['answer cut short', cutBody, 'ERR_AUDIT_CONNECTION', 1],
  ['an answer without end', endless, 'ERR_AUDIT_CONNECTION', 0],
  ['wrong number of receipts', wrongCount, 'ERR_AUDIT_RECEIPT', 1],
  ['201 without receipts', notJson, 'ERR_AUDIT_RECEIPT', 1],
  ['500 as JSON', (_, response) => answer(response, 500, { error: `db down ${TOKEN}` }), 'ERR_AUDIT_SERVER', 0],
  ['500 as HTML', (_, response) => answer(response, 500, `<pre>Error: x\n at ${TOKEN}</pre>`), 'ERR_AUDIT_SERVER', 0],
  ['401', (_, response) => answer(response, 401, { error: 'Unauthorized' }), 'ERR_AUDIT_UNAUTHORIZED', 0],
  ['404 as text', (_, response) => answer(response, 404, 'Not Found'), 'ERR_AUDIT_NOT_FOUND', 0],
  [
    'a redirect, which is not followed',
    (_, response) => answer(response, 307, '', { location: 'http://127.0.0.1:1/' }),
    'ERR_AUDIT_NOT_FOUND',
    0,
  ],
])('reports a failed call and sends the events again: %s', async (_name, fault, code, duplicates) => {
  server.faults.push(fault);
  const ids = await report(1);
  await watched.auditor.flush();
  expectStored(ids, duplicates);
  expect(watched.errors.map((error) => error.code)).toEqual([code]);
  expect(watched.auditor.stats()).toMatchObject({ verified: 1, lost: 0, retries: 1 });
});

it('waits as long as Retry-After says, even if the back-off is shorter', async () => {
  server.faults.push((_, response) => answer(response, 503, { error: 'busy' }, { 'retry-after': '1' }));
  await report(1);
  await watched.auditor.flush();
  expect(watched.logs.join()).toMatch(/"wait":1000/);
});

it('keeps events waiting while the server refuses connections', async () => {
  await server.close();
  const ids = await report(3);
  await expect(watched.auditor.flush({ timeout: 60 })).rejects.toMatchObject({ code: 'ERR_AUDIT_TIMEOUT' });
  expect(watched.errors[0]).toMatchObject({ code: 'ERR_AUDIT_CONNECTION' });
  expect(watched.auditor.stats()).toMatchObject({ waiting: 3, lost: 0 });
  expect(ids).toHaveLength(3);
  server = await startFaultServer();
});

it.each<[string, boolean]>([
  ['the response names its index', true],
  ['the response does not name it', false],
])('sets aside only the event that a batch was refused for, with the reason: %s', async (_name, withIndex) => {
  server.always = ({ events, single }, response, store) => {
    const index = events.findIndex(({ external_id }) => external_id === 'e7');
    if (index === -1) return answer(response, 201, store());
    answer(response, 400, { error: 'poison', ...(withIndex && !single && { invalid: [{ index, message: 'poison', violations: [] }] }) });
  };
  const ids = await report(50);
  await watched.auditor.flush();
  expectStored(ids.filter((id) => id !== 'e7'));
  expect(watched.drops).toMatchObject([
    { event: { external_id: 'e7' }, error: { code: 'ERR_AUDIT_REFUSED', status: 400, reason: 'poison' } },
  ]);
  expect(watched.auditor.stats()).toMatchObject({ verified: 49, lost: 0, setAside: 1, waiting: 0 });
});

it('divides a batch that the server refuses as too large (413)', async () => {
  server.always = ({ events }, response, store) =>
    events.length > 10 ? answer(response, 413, '<html>Payload Too Large</html>') : answer(response, 201, store());
  const ids = await report(50);
  await watched.auditor.flush();
  expectStored(ids);
  expect(watched.auditor.stats()).toMatchObject({ verified: 50, setAside: 0 });
});

it('reports a hash that does not match, and does not send the event again', async () => {
  server.faults.push((_, response, store) => answer(response, 201, { ...store(), hash: 'f'.repeat(64) }));
  await report(1);
  await watched.auditor.flush();
  expectStored(['e0']);
  expect(watched.mismatches).toMatchObject([{ verdict: 'mismatched', event: { external_id: 'e0' } }]);
  expect(watched.auditor.stats()).toMatchObject({ published: 1, verified: 0, mismatched: 1, lost: 0 });
  expect(watched.logs.join()).toContain('ERR_AUDIT_HASH_MISMATCH');
});

it('counts and reports the events that a full spool loses, and delivers the others', async () => {
  await watched.auditor.close();
  server.always = hang;
  watched = watchedAuditor(server.apiBase, { spool: { maxEvents: 10 } });
  const results = await Promise.allSettled(Array.from({ length: 25 }, (_, index) => watched.auditor.report(event(`e${index}`))));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(15);
  expect(results.at(-1)).toMatchObject({ reason: { code: 'ERR_AUDIT_SPOOL_FULL' } });
  expect(watched.drops).toHaveLength(15);
  expect(watched.auditor.stats()).toMatchObject({ queued: 10, lost: 15 });
  server.always = undefined;
  await watched.auditor.flush();
  expectStored(Array.from({ length: 10 }, (_, index) => `e${index}`));
});

it('closes once and within its time-out, and counts and reports the events it could not deliver', async () => {
  server.always = hang;
  await report(3);
  await Promise.all([watched.auditor.close({ timeout: 30 }), watched.auditor.close(), watched.auditor[Symbol.asyncDispose]()]);
  expect(watched.auditor.stats()).toMatchObject({ queued: 3, lost: 3, waiting: 0 });
  expect(watched.drops.map(({ error }) => error.code)).toEqual(Array(3).fill('ERR_AUDIT_CLOSED'));
  await expect(watched.auditor.report(event('late'))).rejects.toMatchObject({ code: 'ERR_AUDIT_CLOSED' });
});

it('delivers waiting events when it is closed', async () => {
  const ids = await report(120);
  await watched.auditor.close();
  expectStored(ids);
});

it('delivers events even if callbacks throw', async () => {
  const broken = createAuditor({
    apiBase: server.apiBase,
    project: 'dev',
    token: TOKEN,
    spool: { kind: 'memory' },
    logger: { warn: () => undefined, error: () => undefined },
    onReceipt: () => {
      throw new Error('callback');
    },
  });
  await broken.report(event('a'));
  await broken.report(event('b'));
  await broken.close();
  expect(broken.stats()).toMatchObject({ verified: 2, lost: 0 });
});

it('delivers each event once to a server that flaps', async () => {
  let turn = 0;
  server.always = (_, response, store) => ((turn += 1) % 3 === 0 ? answer(response, 201, store()) : answer(response, 503, 'no'));
  const ids = await report(300);
  await watched.auditor.flush();
  expectStored(ids);
});

it('has reported every receipt when flush() resolves, with a spool on disk', async () => {
  await watched.auditor.close();
  const directory = mkdtempSync(join(tmpdir(), 'auditlogin-flush-'));
  watched = watchedAuditor(server.apiBase, { spool: { kind: 'disk', directory } });
  for (let round = 1; round <= 50; round += 1) {
    await watched.auditor.report(event(`r${round}`));
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 20 + (round % 16)));
    await watched.auditor.flush();
    expect(watched.receipts).toHaveLength(round);
  }
  await watched.auditor.close();
  rmSync(directory, { recursive: true });
});

describe('in doubt', () => {
  const reconciling = (options: AuditorOptions = {}): WatchedAuditor =>
    watchedAuditor(server.apiBase, { ...options, publish: { inDoubt: 'reconcile', indexLag: 30, ...options.publish } });

  it.each<[string, Fault]>([
    ['reset after storing', resetAfterStoring],
    ['a response that is cut short', cutBody],
    ['a wrong number of receipts', wrongCount],
  ])('finds a stored event instead of sending it again, after %s', async (_name, fault) => {
    await watched.auditor.close();
    watched = reconciling();
    server.faults.push(fault);
    const ids = await report(30);
    await watched.auditor.flush();
    expectStored(ids);
    expect(server.searches.length).toBeGreaterThan(0);
    expect(watched.auditor.stats()).toMatchObject({ verified: 30, lost: 0 });
  });

  it('sends events again that a search does not find, and repeats a search that fails', async () => {
    await watched.auditor.close();
    watched = reconciling();
    server.faults.push(reset);
    server.searchFaults.push(500, 401);
    const ids = await report(3);
    await watched.auditor.flush();
    expectStored(ids);
    expect(server.searches.length).toBeGreaterThanOrEqual(3);
  });

  it('reports an event that is found with other content as a mismatch', async () => {
    await watched.auditor.close();
    watched = reconciling();
    server.faults.push(({ events }, response) => {
      server.stored.push(...events.map((sent) => ({ ...sent, source_ip: '198.51.100.1' })));
      response.destroy();
    });
    await report(1);
    await watched.auditor.flush();
    expect(watched.mismatches).toHaveLength(1);
  });
});

it('sets aside an event with ten crashes, and sends events with fewer crashes alone, after all others, the fewest crashes first', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'auditlogin-poison-'));
  const { file: path } = placeIn(directory, destinationOf({ apiBase: server.apiBase, project: 'dev' }));
  for (let start = 0; start < 10; start += 1) {
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    if (start === 0)
      file.commit([
        {
          do: 'append',
          page: pageOf(
            ['poison', 'twice', 'once', 'never'].map((id) => spoolEvent(id)),
            Date.now(),
          ),
        },
      ]);
    file.commit([
      {
        do: 'begin',
        seqs: [
          [1, 2, 3],
          [1, 2],
        ][start] ?? [1],
      },
    ]);
    file.close();
  }
  await watched.auditor.close();
  watched = watchedAuditor(server.apiBase, { spool: { kind: 'disk', directory } });
  await watched.auditor.flush();
  await watched.auditor.report(event('new'));
  await watched.auditor.flush();
  expect(server.stored.map(({ external_id }) => external_id)).toEqual(['never', 'once', 'twice', 'new']);
  expect(server.calls.every((count) => count === 1)).toBe(true);
  expect(watched.drops).toMatchObject([{ event: { external_id: 'poison' }, error: { code: 'ERR_AUDIT_SET_ASIDE' } }]);
  expect(watched.auditor.stats()).toMatchObject({ adopted: 4, setAside: 1, lost: 0 });
  await watched.auditor.close();
  rmSync(directory, { recursive: true });
});

it('sets aside events that are older than maxAge', async () => {
  await watched.auditor.close();
  server.always = (_, response) => answer(response, 503, 'no');
  watched = watchedAuditor(server.apiBase, { publish: { maxAge: 1_000, backoffMin: 200, backoffMax: 200 } });
  await report(2);
  const due = Date.now() + 8_000;
  while (watched.auditor.stats().setAside < 2 && Date.now() < due) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(watched.drops.map(({ error }) => error.message)).toEqual([expect.stringMatching(/older than 1000 ms/), expect.anything()]);
  expect(watched.auditor.health()).toMatchObject({ status: 'degraded', setAside: 2 });
});

it('uses a rotated token without a restart, and tries again if the token function fails', async () => {
  await watched.auditor.close();
  const tokens: (string | Error)[] = ['first', new Error('vault is sealed'), 'second'];
  watched = watchedAuditor(server.apiBase, {
    token: () => {
      const next = tokens.length > 1 ? tokens.shift()! : tokens[0]!;
      return typeof next === 'string' ? next : Promise.reject(next);
    },
  });
  for (const id of ['a', 'b']) {
    await watched.auditor.report(event(id));
    await watched.auditor.flush();
  }
  expect(server.headers.map(({ authorization }) => authorization)).toEqual(['Token token=first', 'Token token=second']);
  expect(watched.errors).toMatchObject([{ code: 'ERR_AUDIT_UNAUTHORIZED', field: 'token' }]);
  expect(JSON.stringify(watched.errors.map(String))).not.toContain('vault');
});
