import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Auditor, type AuditLoginOptions, createAuditor } from '@auditlogin/core';
import type { ContractExchange, ContractServer } from '@auditlogin/testing/contract';
import { openSqlite } from '@auditlogin/core/engine';
import { contractAdapters as express } from '../packages/express/test/contract-adapter.js';
import { contractAdapters as fastify } from '../packages/fastify/test/contract-adapter.js';
import { contractAdapters as koa } from '../packages/koa/test/contract-adapter.js';

const LOGIN = { method: 'POST', headers: { 'content-type': 'application/json', connection: 'close' }, redirect: 'manual' } as const;

/** An audit log that accepts every call and never responds, so that every event stays in the spool. */
let deaf: Server;
let apiBase: string;
beforeAll(async () => {
  deaf = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  apiBase = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
});
afterAll(() => {
  deaf.closeAllConnections();
  deaf.close();
});

describe.each([...express, ...koa, ...fastify])('durability before-response: %s', (major, adapter) => {
  let directory: string;
  let auditor: Auditor;
  let app: ContractServer;

  async function start(
    handler: (exchange: ContractExchange) => Promise<void>,
    maxEvents = 100,
    options: AuditLoginOptions<never> = {},
  ): Promise<void> {
    directory = mkdtempSync(join(tmpdir(), 'auditlogin-before-'));
    auditor = createAuditor({
      ...{ apiBase, project: 'dev', token: 't' },
      durability: 'before-response',
      spool: { directory, maxEvents },
      logger: { warn: () => undefined, error: () => undefined },
    });
    app = await adapter.start({ auditor, ...options }, handler, { host: '127.0.0.1', trustedProxies: 0, twice: false, storeIsDown: false });
  }
  afterEach(async () => {
    await app.close();
    await auditor.close({ timeout: 0 });
    rmSync(directory, { recursive: true });
  });

  const logIn = (body: object = { username: 'ann', password: 'x' }, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${app.base}/login`, { ...LOGIN, headers: { ...LOGIN.headers, ...headers }, body: JSON.stringify(body) });
  /** The outcomes of the events that another process would find on disk. */
  function onDisk(): string[] {
    const name = readdirSync(directory).find((each) => /^spool-.*\.db$/.test(each))!;
    const db = openSqlite(join(directory, name), { readOnly: true });
    const pages = db.prepare('SELECT lines FROM pages ORDER BY first').all() as { lines: string }[];
    db.close();
    return pages
      .flatMap(({ lines }) => lines.split('\n'))
      .map((body) => (JSON.parse(body) as { fields: { outcome: string } }).fields.outcome);
  }

  it.each<[string, (exchange: ContractExchange) => Promise<void>, number, string]>([
    ['JSON', (x) => x.json(200, { ok: true }), 200, 'success'],
    ['a failure', (x) => x.json(401, { ok: false }), 401, 'failure'],
    ['a thrown error', (x) => x.fail(500), 500, 'failure'],
    ['a redirect', (x) => x.redirect('/login?error'), 302, 'failure'],
    ['a session', async (x) => (await x.logIn('u1'), x.redirect('/')), 302, 'success'],
    ['a stream, which proves nothing', (x) => x.stream(['a', 'b', 'c'], 5), 200, 'unknown'],
  ])('%s: the event is on disk when the response arrives', async (_name, handler, status, outcome) => {
    await start(handler);
    const answer = await logIn();
    expect([answer.status, onDisk()]).toEqual([status, [outcome]]);
    const text = await answer.text();
    if (_name === 'a stream, which proves nothing') expect(text).toBe('abc');
    if (_name === 'JSON') expect(JSON.parse(text)).toEqual({ ok: true });
    if (_name === 'a session') expect(answer.headers.getSetCookie().length).toBeGreaterThan(0);
    expect(auditor.stats()).toMatchObject({ queued: 1, lost: 0 });
  });

  it('does not change a response if the handler throws afterwards', async () => {
    // Koa sends the response after its handlers have returned, so the error becomes the response.
    const isLate = major.startsWith('Koa');
    await start(async (x) => {
      await x.json(200, { ok: true });
      x.fail(500);
    });
    const answer = await logIn();
    expect([answer.status, onDisk()]).toEqual(isLate ? [500, ['failure']] : [200, ['success']]);
    if (!isLate) expect(await answer.json()).toEqual({ ok: true });
  });

  it('responds with 503 and without the session if there is no room for the event', async () => {
    await start(async (x) => {
      await x.logIn('u1');
      await x.json(200, { token: 'not-for-you' });
    }, 1);
    expect((await logIn()).status).toBe(200);
    const refused = await logIn();
    expect(refused.status).toBe(503);
    expect(refused.headers.getSetCookie()).toEqual([]);
    expect(await refused.text()).toBe('Service Unavailable\n');
    expect(auditor.stats()).toMatchObject({ queued: 1, lost: 1 });
    expect(auditor.health()).toMatchObject({ status: 'failing', spool: 'disk' });
  });

  it('records no success by a rule that sees only the beginning of a streamed response', async () => {
    await start((x) => x.stream(['wrong ', 'password'], 20), 100, { outcome: () => 'success' });
    expect(await (await logIn()).text()).toBe('wrong password');
    expect(onDisk()).toEqual(['unknown']);
  });

  it('does not delay requests that are not logins', async () => {
    await start((x) => x.json(200, {}), 1);
    await logIn();
    expect((await fetch(`${app.base}/other`, { headers: { connection: 'close' } })).status).toBe(200);
  });
});

it('refuses a spool in memory', () => {
  expect(() => createAuditor({ apiBase, project: 'dev', token: 't', durability: 'before-response', spool: { kind: 'memory' } })).toThrow(
    /"durability" is "before-response"; that needs spool.kind "disk"/,
  );
});
