import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, request as httpRequest } from 'node:http';
import { openSqlite } from '@auditlogin/core/engine';
import { type Collector, type CollectorOptions, operateCollector, startCollector } from '../src/index.js';
import { signedIn } from './sign-in.js';

let folder: string;
const started: Collector[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'auditlogin-operating-'))));
afterEach(async () => {
  for (const collector of started.splice(0)) await collector.close();
  rmSync(folder, { recursive: true });
});

const logs: string[] = [];
const logger = {
  warn: (_: object, message: string) => void logs.push(message),
  error: (_: object, message: string) => void logs.push(message),
};
async function start(options: CollectorOptions = {}): Promise<Collector> {
  const collector = await startCollector({ port: 0, dataDir: folder, logger, ...options });
  started.push(collector);
  return collector;
}

async function publish({ apiBase, token }: Collector, events: object[], { project = 'dev', secret = token } = {}): Promise<number> {
  const answer = await fetch(`${apiBase}/publisher/v1/project/${project}/event/bulk`, {
    method: 'POST',
    headers: { authorization: `Token token=${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events: events.map((event) => ({ action: 'user.login', crud: 'c', is_anonymous: true, ...event })) }),
  });
  return answer.status;
}
const many = (count: number, event: (index: number) => object = () => ({})): object[] =>
  Array.from({ length: count }, (_, index) => event(index));
const total = async (collector: Collector, query = ''): Promise<number> => {
  const me = await signedIn(collector);
  return (await me.viewer<{ total: number }>(`events?${query}`)).total;
};

const ask = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) =>
    httpRequest(url, { headers }, (answer) => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end(),
  );

describe('tokens', () => {
  test('open only their project until they are revoked, and are stored as a digest', async () => {
    const collector = await start();
    const { id, token } = collector.tokens.create('shop', 'shop backend');
    expect(token).toMatch(/^alt_[\w-]{32}$/);
    expect(await publish(collector, [{}], { project: 'shop', secret: token })).toBe(201);
    expect(await publish(collector, [{}], { project: 'dev', secret: token })).toBe(401);
    expect(await publish(collector, [{}], { project: 'shop' })).toBe(401);
    const shop = await signedIn(collector, token);
    expect(await shop.viewer('events')).toMatchObject({ total: 1 });
    expect(await total(collector)).toBe(0);
    expect(collector.tokens.revoke(id)).toBe(true);
    expect(collector.tokens.revoke(id)).toBe(false);
    expect(await publish(collector, [{}], { project: 'shop', secret: token })).toBe(401);
    expect(collector.tokens.list()).toEqual([
      { id, project: 'shop', name: 'shop backend', mayRead: true, created: expect.any(Number), revoked: expect.any(Number) },
    ]);
    for (const file of ['events.sqlite', 'events.sqlite-wal']) {
      if (existsSync(join(folder, file))) expect(readFileSync(join(folder, file)).includes(token)).toBe(false);
    }
  });

  test('that can only publish open nothing for reading', async () => {
    const collector = await start({ host: '0.0.0.0', token: 'a-token-of-the-network' });
    const { token } = collector.tokens.create('dev', 'shop backend', false);
    expect(collector.tokens.list()).toMatchObject([{ mayRead: false }]);
    expect(await publish(collector, [{}], { secret: token })).toBe(201);
    const headers = { authorization: `Token token=${token}`, 'content-type': 'application/json' };
    const base = `${collector.apiBase}/publisher/v1`;
    const body = '{"query":"{search{totalCount}}"}';
    for (const path of ['/graphql', '/project/dev/graphql']) {
      expect((await fetch(base + path, { method: 'POST', headers, body })).status).toBe(403);
    }
    for (const path of ['/graphql?query={__typename}', '/project/dev/export', '/project/dev/viewertoken?group_id=g']) {
      expect(await ask(base + path, headers)).toBe(403);
    }
    expect(await ask(`${collector.apiBase}/metrics`, headers)).toBe(401);
    await expect(signedIn(collector, token)).rejects.toThrow('401');
  });

  test('can be created and revoked by another process while the collector runs', async () => {
    const collector = await start();
    using operator = operateCollector(folder);
    const { id, token } = operator.tokens.create('dev', 'second');
    expect(await publish(collector, [{}], { secret: token })).toBe(201);
    operator.tokens.revoke(id);
    expect(await publish(collector, [{}], { secret: token })).toBe(401);
  });

  test.each([
    ['', 'a', /"project" is "": expected|"project" is ""; expected/],
    ['two words', 'a', /"project" is "two words"; expected visible ASCII/],
    ['dev', 'a\nb', /"name" is "a\\nb"; expected 1 to 128 characters/],
  ])('refuses project %j with name %j', async (project, name, message) => {
    const collector = await start();
    expect(() => collector.tokens.create(project, name)).toThrow(message);
  });
});

describe('retention', () => {
  test('deletes old events with their words, and keeps the others', async () => {
    const collector = await start();
    await publish(
      collector,
      many(30, () => ({ description: 'ancient' })),
    );
    const db = openSqlite(join(folder, 'events.sqlite'));
    db.exec('UPDATE events SET received = received - 100000');
    db.close();
    await publish(
      collector,
      many(5, () => ({ description: 'fresh' })),
    );
    await collector.close();
    const again = await start({ retention: { maxAge: 60_000 } });
    await again.sweep();
    expect(await total(again)).toBe(5);
    expect(await total(again, 'query=ancient')).toBe(0);
    expect(await total(again, 'query=fresh')).toBe(5);
    expect(logs.at(-1)).toMatch(/Retention: 30 events were deleted/);
    expect(await (await fetch(`${again.apiBase}/metrics`)).text()).toContain('auditlogin_collector_events_deleted_total 30');
  });

  test('deletes the oldest events of a large database and shrinks the file', async () => {
    const collector = await start({ retention: { maxBytes: 1_048_576 } });
    for (let round = 0; round < 40; round += 1) {
      expect(
        await publish(
          collector,
          many(50, (index) => ({ description: `${'x'.repeat(900)} ${round}`, external_id: `e${round * 50 + index}` })),
        ),
      ).toBe(201);
    }
    const deleted = await collector.sweep();
    expect(deleted).toBeGreaterThan(500);
    expect(await total(collector, 'query=external_id:e1999')).toBe(1);
    expect(await total(collector, 'query=external_id:e0')).toBe(0);
    const metrics = await (await fetch(`${collector.apiBase}/metrics`)).text();
    expect(Number(/^auditlogin_collector_database_bytes (\d+)$/m.exec(metrics)![1])).toBeLessThanOrEqual(1_048_576);
    await collector.close();
    expect(statSync(join(folder, 'events.sqlite')).size).toBeLessThan(1_500_000);
  });
});

describe('backup', () => {
  test('is a complete database even if events arrive meanwhile', async () => {
    const collector = await start();
    await publish(collector, many(50));
    const target = join(folder, 'copy', 'events.sqlite');
    await expect(collector.backup(target)).rejects.toThrow();
    const copy = mkdtempSync(join(tmpdir(), 'auditlogin-backup-'));
    const writing = (async () => {
      for (let round = 0; round < 10; round += 1) await publish(collector, many(50));
    })();
    await collector.backup(join(copy, 'events.sqlite'));
    using operator = operateCollector(folder);
    await operator.backup(join(copy, 'beside.sqlite'));
    await writing;
    await expect(collector.backup(join(copy, 'events.sqlite'))).rejects.toThrow(/would overwrite/);
    expect(statSync(join(copy, 'events.sqlite')).mode & 0o777).toBe(0o600);
    for (const name of ['events.sqlite', 'beside.sqlite']) {
      const db = openSqlite(join(copy, name));
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      const { n } = db.prepare('SELECT count(*) AS n FROM events').get() as { n: number };
      expect(n % 50).toBe(0);
      expect(n).toBeGreaterThanOrEqual(50);
      db.close();
    }
    const restored = await start({ dataDir: copy });
    expect(await total(restored)).toBeGreaterThanOrEqual(50);
    await restored.close();
    rmSync(copy, { recursive: true });
  });
});

test('updates a database of the first version and keeps its events', async () => {
  const db = openSqlite(join(folder, 'events.sqlite'));
  db.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL, hash TEXT NOT NULL, received INTEGER NOT NULL, created INTEGER,
      canonical_time INTEGER NOT NULL, action TEXT NOT NULL, crud TEXT NOT NULL, actor_id TEXT, group_id TEXT, target_id TEXT, external_id TEXT, body TEXT NOT NULL);
    CREATE INDEX events_by_time ON events (project, canonical_time, id);
    CREATE INDEX events_by_actor ON events (project, actor_id);
    CREATE TABLE names (project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (project, kind, id)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5 (everything, actor_name, description, content='');`);
  const event = {
    action: 'user.login',
    crud: 'c',
    is_failure: true,
    is_anonymous: true,
    fields: { reason: 'user_not_found', identity: 'who' },
  };
  db.prepare('INSERT INTO events (id, project, hash, received, canonical_time, action, crud, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
    ...['id1', 'dev', 'h', 1, 1, event.action, event.crud, JSON.stringify(event)],
  );
  db.close();
  const collector = await start();
  for (const query of ['outcome=failure', 'reason=user_not_found', 'account=who', 'query=user_not_found'])
    expect(await total(collector, query)).toBe(1);
  await collector.close();
  const newer = openSqlite(join(folder, 'events.sqlite'));
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  await expect(start()).rejects.toThrow(/written by a newer version \(99\)/);
});

test('adds the missing column of a facet and finds old events by it', async () => {
  const collector = await start();
  await publish(collector, [{ is_failure: true, fields: { reason: 'account_locked' } }, {}]);
  await collector.close();
  const db = openSqlite(join(folder, 'events.sqlite'));
  db.exec('ALTER TABLE events DROP COLUMN reason');
  db.close();
  const again = await start();
  expect(await total(again, 'reason=account_locked')).toBe(1);
  expect(await total(again)).toBe(2);
  await publish(again, [{ is_failure: true, fields: { reason: 'account_locked' } }]);
  expect(await total(again, 'reason=account_locked')).toBe(2);
});

describe('on the network', () => {
  const token = 'a-token-for-the-network';
  test('accepts its address and the allowed names, and requires a token for metrics', async () => {
    const collector = await start({ host: '0.0.0.0', token, allowedHosts: ['audit.example.com'] });
    const { port } = new URL(collector.apiBase);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal);
    const base = `http://${outside?.address ?? '127.0.0.1'}:${port}`;
    const status = (path: string, headers: Record<string, string> = {}): Promise<number | undefined> => ask(base + path, headers);
    expect(await status('/')).toBe(200);
    expect(await status('/', { host: 'audit.example.com' })).toBe(200);
    expect(await status('/', { host: 'AUDIT.example.com:443' })).toBe(200);
    expect(await status('/', { host: 'evil.example' })).toBe(403);
    expect(await status('/healthz', { host: 'anything' })).toBe(200);
    expect(await status('/metrics')).toBe(401);
    expect(await status('/metrics', { authorization: `Bearer ${token}` })).toBe(200);
  });

  test('slows down wrong tokens, and no valid one that comes from the same address', async () => {
    const collector = await start({ maxRefusals: 5 });
    const guess = (): Promise<number> => publish(collector, [{}], { secret: 'guess' });
    for (let n = 0; n < 5; n += 1) expect(await guess()).toBe(401);
    const before = performance.now();
    expect(await guess()).toBe(429);
    expect(performance.now() - before).toBeGreaterThan(400);
    expect(await publish(collector, [{}])).toBe(201);
    expect(await total(collector)).toBe(1);
    expect(await guess()).toBe(429);
    const guesses = await Promise.all(many(150).map(guess));
    expect(new Set(guesses)).toEqual(new Set([429]));
    expect(await publish(collector, [{}])).toBe(201);
  });

  test('slows down wrong tokens at every door', async () => {
    const collector = await start({ maxRefusals: 1, host: '0.0.0.0', token: 'a-token-of-the-network' });
    await publish(collector, [{}], { secret: 'guess' });
    const signIn = await fetch(`${collector.apiBase}/viewer/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"token":"guess"}',
    });
    expect(signIn.status).toBe(429);
    expect(signIn.headers.get('retry-after')).toBe('60');
    expect(await ask(`${collector.apiBase}/metrics`, { authorization: 'Bearer guess' })).toBe(429);
  });

  test.each([
    [['127.0.0.1', '::1'], 'https', true],
    [['127.0.0.0/8', '::/1'], 'https', true],
    [['127.0.0.1'], 'http', false],
    [[], 'https', false],
    [['10.0.0.0/8'], 'https', false],
  ])('behind the proxies %j that say %s, Secure of the cookie is %s', async (trustedProxies, scheme, isSecure) => {
    const collector = await start({ trustedProxies });
    const answer = await fetch(`${collector.apiBase}/viewer/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-proto': scheme },
      body: JSON.stringify({ token: collector.token }),
    });
    expect(/;\s*secure/i.test(answer.headers.getSetCookie()[0]!)).toBe(isSecure);
  });

  test('counts wrong tokens by the address that a trusted proxy names', async () => {
    const collector = await start({ maxRefusals: 1, trustedProxies: ['127.0.0.1'] });
    const guess = (from: string): Promise<number | undefined> =>
      ask(`${collector.apiBase}/publisher/v1/project/dev/export`, { authorization: 'Token token=guess', 'x-forwarded-for': from });
    expect(await guess('203.0.113.1')).toBe(401);
    expect(await guess('203.0.113.1')).toBe(429);
    expect(await guess('203.0.113.2')).toBe(401);
  });

  test.each(['proxy.example', '10.0.0.0/0', '10.0.0.0/33', '', '10.0.0.0/8/8'])('refuses the trusted proxy %j', async (proxy) => {
    await expect(start({ trustedProxies: [proxy] })).rejects.toThrow(/trustedProxies/);
  });

  test('reports a port that another process uses', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    await expect(start({ port: (taken.address() as { port: number }).port })).rejects.toThrow(/taken by another process/);
    taken.close();
  });
});
