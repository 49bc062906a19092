import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { createAuditor } from '@auditlogin/core';
import { createSealer, eventId, projectKey, sealKeyOf } from '@auditlogin/core/log';
import { openSqlite, type SqliteDatabase } from '@auditlogin/core/engine';

// The built command: `npm test` builds before it runs the tests.
const BIN = join(__dirname, '..', 'dist', 'esm', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-verify-'));
const OLD_KEY = 'the-old-key-of-the-verify-test-0001';
const NEW_KEY = 'the-new-key-of-the-verify-test-0002';
const project = 'dev';
const token = 'verify-token-canary';
/** All tests use one port, since the address of a log decides which ledgers belong to it. */
let port: number;

async function run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: {
      ...{ PATH, HOME, NO_COLOR: '1' },
      AUDITLOG_API_BASE: `http://127.0.0.1:${port}`,
      AUDITLOG_API_PROJECT: project,
      AUDITLOG_API_TOKEN: token,
      AUDITLOG_SEAL_KEY: `${NEW_KEY} ${OLD_KEY}`,
      AUDITLOG_SPOOL_DIR: join(folder, 'spool'),
      ...env,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(output.stdout + output.stderr).not.toContain(token);
  expect(output.stdout + output.stderr).not.toContain(NEW_KEY);
  return { code, ...output };
}

interface Verified {
  ok: boolean;
  counts: Record<string, number>;
  findings: { fault: string; externalId?: string; what: string }[];
}
async function verify(...args: string[]): Promise<Verified & { code: number | null }> {
  const { code, stdout, stderr } = await run(['verify', '--json', '--grace', '0', ...args]);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Verified) };
}

/** Runs an application that reports events and ends. */
async function instance(key: string, count: number, prefix: string): Promise<void> {
  const auditor = createAuditor({
    ...{ apiBase: `http://127.0.0.1:${port}`, project, token },
    component: 'shop',
    seal: { key },
    spool: { directory: join(folder, 'spool') },
    publish: { batchSize: 7 },
    lifecycleEvents: true,
  });
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      auditor.report({
        action: 'user.login',
        actor: { id: `u${index}`, name: `Name ${index}`, fields: { role: 'admin' } },
        group: { id: 'acme' },
        source_ip: '203.0.113.7',
        created: new Date(Date.now() - 1_000 * (count - index)),
        is_failure: index % 3 === 0,
        fields: { outcome: index % 3 === 0 ? 'failure' : 'success', note: `${prefix}${index}` },
        metadata: { extra: 'kept' },
        ...(index === 5 && { external_id: `${prefix}-own-id` }),
      }),
    ),
  );
  await auditor.close();
  expect(auditor.stats()).toMatchObject({ verified: count + 2, lost: 0, waiting: 0 });
}

const running: Collector[] = [];
async function collect(dataDir: string): Promise<Collector> {
  const collector = await startCollector({ port, dataDir, project, token });
  running.push(collector);
  return collector;
}
afterEach(async () => {
  for (const collector of running.splice(0)) await collector.close();
});

beforeAll(async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  ({ port } = probe.address() as AddressInfo);
  probe.close();
  await once(probe, 'close');
  const collector = await collect(join(folder, 'true'));
  await Promise.all([instance(OLD_KEY, 20, 'a'), instance(OLD_KEY, 20, 'b')]);
  await instance(NEW_KEY, 20, 'c');
  await collector.close();
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a collector on a copy of the database that was tampered with. */
async function tampered(name: string, tamper: (db: SqliteDatabase) => void): Promise<Collector> {
  const dataDir = join(folder, name.replace(/\W/g, '-'));
  cpSync(join(folder, 'true'), dataDir, { recursive: true });
  const db = openSqlite(join(dataDir, 'events.sqlite'));
  tamper(db);
  db.close();
  return collect(dataDir);
}

type Row = { seq: number; id: string; body: string };
function rowOf(db: SqliteDatabase, note: string): Row {
  return db.prepare(`SELECT seq, id, body FROM events WHERE body ->> '$.fields.note' = ?`).get(note) as Row;
}
const change = (note: string, path: string, value: string) => (db: SqliteDatabase) =>
  void db.prepare('UPDATE events SET body = json_set(body, ?, ?) WHERE seq = ?').run(path, value, rowOf(db, note).seq);

/** Inserts an event with the columns of an existing one. */
function copy(db: SqliteDatabase, note: string, more: Record<string, string | number>): void {
  const row = db.prepare('SELECT * FROM events WHERE seq = ?').get(rowOf(db, note).seq) as Record<string, string | number>;
  const made: Record<string, string | number> = { ...row, ...more };
  delete made['seq'];
  const names = Object.keys(made);
  db.prepare(`INSERT INTO events (${names.join()}) VALUES (${names.map(() => '?').join()})`).run(...Object.values(made));
}

it('finds no fault in the log of two instances with a restart and a new key', async () => {
  const collector = await collect(join(folder, 'true'));
  const { code, stdout } = await run(['verify', '--grace', '0']);
  expect(stdout).toMatch(/verified +66\n/);
  expect(stdout).toMatch(/66 events of 3 instances were read; no fault was found/);
  expect(code).toBe(0);
  expect(await verify()).toMatchObject({ ok: true, code: 0, counts: { verified: 66 }, findings: [] });
  await collector.close();
});

it.each<[string, (db: SqliteDatabase) => void, string, number]>([
  ['the source of an attack is changed', change('a3', '$.source_ip', '198.51.100.1'), 'altered', 1],
  ['a failure becomes a success', change('b6', '$.fields.outcome', 'success'), 'altered', 1],
  ['what the hash of the server does not cover', change('b7', '$.crud', 'r'), 'altered', 1],
  ['a description', change('c7', '$.description', 'nothing happened'), 'altered', 1],
  ["the actor's own fields", change('c8', '$.actor.fields.role', 'guest'), 'altered', 1],
  ['the seal itself', change('a9', '$.fields.seal', 'f'.repeat(64)), 'altered', 1],
  ['an event is deleted', (db) => void db.prepare('DELETE FROM events WHERE seq = ?').run(rowOf(db, 'a4').seq), 'missing', 1],
  [
    'all of an instance but its first events are deleted',
    (db) => void db.prepare(`DELETE FROM events WHERE body ->> '$.fields.note' LIKE 'c1_'`).run(),
    'missing',
    10,
  ],
  [
    'the time of an event is moved',
    (db) =>
      void db
        .prepare('UPDATE events SET created = created - 5000, canonical_time = canonical_time - 5000 WHERE seq = ?')
        .run(rowOf(db, 'b8').seq),
    'reordered',
    1,
  ],
  ['an event is duplicated', (db) => copy(db, 'a8', { id: 'd'.repeat(32) }), 'duplicated', 1],
  [
    'an event is made up, with a seal',
    (db) => {
      const body = JSON.parse(rowOf(db, 'a8').body) as { external_id: string; fields: Record<string, string> };
      body.external_id = 'made-up';
      body.fields = { ...body.fields, note: 'x', seal_instance: '00000000-0000-4000-8000-000000000000', seal_seq: '1' };
      copy(db, 'a8', { id: 'e'.repeat(32), external_id: 'made-up', body: JSON.stringify(body) });
    },
    'foreign',
    1,
  ],
  [
    'an event is made up, by another key',
    (db) => {
      const body = JSON.parse(rowOf(db, 'a8').body) as { external_id: string; fields: Record<string, string> };
      body.external_id = 'made-up';
      body.fields = { ...body.fields, seal_key: '01234567' };
      copy(db, 'a8', { id: 'e'.repeat(32), external_id: 'made-up', body: JSON.stringify(body) });
    },
    'foreign',
    1,
  ],
  [
    'an event is made up, without a seal',
    (db) =>
      copy(db, 'a8', {
        id: 'e'.repeat(32),
        external_id: 'made-up',
        body: JSON.stringify({ action: 'user.login', crud: 'c', is_anonymous: true, external_id: 'made-up' }),
      }),
    'unsealed',
    1,
  ],
])(
  '%s',
  async (name, tamper, fault, count) => {
    const collector = await tampered(name, tamper);
    const report = await verify();
    expect(report).toMatchObject({ ok: false, code: 1, counts: { [fault]: count } });
    expect(report.findings.map((finding) => finding.fault)).toEqual(Array(count).fill(fault));
    // The log alone, without the ledger, shows the same fault.
    const alone = await verify('--spool-dir', join(folder, 'nowhere'));
    expect(alone).toMatchObject({ code: 1, counts: { [fault]: count } });
    const text = await run(['verify', '--grace', '0']);
    expect([text.code, text.stdout]).toEqual([1, expect.stringContaining(`the log differs from what was sent: ${fault}`)]);
    await collector.close();
  },
  30_000,
);

it('finds by the ledger that the end of a chain was deleted', async () => {
  const collector = await tampered('cut', (db) => void db.prepare(`DELETE FROM events WHERE action = 'audit.stop'`).run());
  expect(await verify()).toMatchObject({ code: 1, counts: { missing: 3 } });
  await collector.close();
});

it('accepts the faults that --allow names', async () => {
  const collector = await tampered('allowed', (db) => copy(db, 'a8', { id: 'd'.repeat(32) }));
  expect(await verify('--allow', 'duplicated,unsealed')).toMatchObject({ code: 0, ok: true, counts: { duplicated: 1 } });
  const refused = await run(['verify', '--allow', 'everything']);
  expect(refused.stderr).toMatch(/Option "--allow" is "everything"; expected some of altered, missing/);
  expect((await run(['verify', '--query', 'actr.id:u0'])).code).toBe(2);
  expect(refused.code).toBe(2);
  await collector.close();
});

it('does not report events that still wait in a spool as missing', async () => {
  const collector = await collect(join(folder, 'true'));
  const auditor = createAuditor({
    ...{ apiBase: `http://127.0.0.1:${port}`, project, token: () => 'not-the-token' },
    seal: { key: NEW_KEY },
    spool: { directory: join(folder, 'spool') },
    logger: { warn: () => undefined, error: () => undefined },
  });
  for (const note of ['w1', 'w2']) await auditor.report({ action: 'user.login', actor: { id: 'u' }, fields: { note } });
  expect(await verify()).toMatchObject({ code: 0, counts: { missing: 0 } });
  await auditor.close({ timeout: 0 });
  await collector.close();
}, 30_000);

it("takes doctor's test event and the events of a project that the log was moved from, and no others of another project", async () => {
  const collector = await tampered('moved', () => undefined);
  expect((await run(['doctor'])).code).toBe(0);
  expect(await verify()).toMatchObject({ code: 0, counts: { verified: 67 } });
  const seal = createSealer(projectKey(sealKeyOf(NEW_KEY), 'old'), '0d7c2a5e-0000-4000-8000-000000000001');
  const event = seal({ action: 'user.login', crud: 'c', is_failure: false, is_anonymous: true, external_id: eventId(Date.now()) });
  const answer = await fetch(`${collector.apiBase}/publisher/v1/project/${project}/event`, {
    method: 'POST',
    headers: { authorization: `Token token=${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  expect(answer.status).toBe(201);
  expect(await verify('--allow', 'unsealed,duplicated')).toMatchObject({ code: 1, counts: { foreign: 1 } });
  expect(await verify('--sealed-project', 'old')).toMatchObject({ code: 0, counts: { verified: 68 } });
  await collector.close();
}, 30_000);

it('checks only the events in a time window', async () => {
  const collector = await collect(join(folder, 'true'));
  const later = new Date(Date.now() + 60_000).toISOString();
  expect(await verify('--from', later)).toMatchObject({ code: 3, ok: false, counts: { verified: 0, missing: 0 } });
  expect((await run(['verify', '--from', 'yesterday'])).stderr).toMatch(/Option "--from" is "yesterday"; expected a time in ISO 8601/);
  await collector.close();
});

it('reports a missing key, a wrong token and a server that is gone', async () => {
  const none = await run(['verify'], { AUDITLOG_SEAL_KEY: '' });
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringMatching(/ERR_AUDIT_CONFIG_MISSING: There is no key to check seals with: set AUDITLOG_SEAL_KEY/),
  ]);
  const collector = await collect(join(folder, 'true'));
  const denied = await run(['verify', '--token', 'wrong']);
  expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining('ERR_AUDIT_UNAUTHORIZED')]);
  await collector.close();
  const gone = await run(['verify']);
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('ERR_AUDIT_CONNECTION')]);
});
