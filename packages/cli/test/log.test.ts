import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { type AuditEvent, eventHash } from '@auditlogin/core';
import { eventId } from '@auditlogin/core/log';
import { run, type Running } from './run.js';

let folder: string;
let collector: Collector;
let other: Collector;
let env: NodeJS.ProcessEnv;
let otherEnv: NodeJS.ProcessEnv;
const servers: Server[] = [];
const running: Running[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'auditlogin-log-'));
  collector = await startCollector({ port: 0, dataDir: join(folder, 'one') });
  other = await startCollector({ port: 0, dataDir: join(folder, 'other'), project: 'new' });
  env = { AUDITLOG_API_BASE: collector.apiBase, AUDITLOG_API_PROJECT: 'dev', AUDITLOG_API_TOKEN: collector.token };
  otherEnv = { AUDITLOG_API_BASE: other.apiBase, AUDITLOG_API_PROJECT: 'new', AUDITLOG_API_TOKEN: other.token };
});
afterEach(async () => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) server.close();
  await collector.close();
  await other.close();
  rmSync(folder, { recursive: true });
});

async function publish(...events: object[]): Promise<void> {
  const answer = await fetch(`${collector.apiBase}/publisher/v1/project/dev/event/bulk`, {
    method: 'POST',
    headers: { authorization: `Token token=${collector.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events: events.map((event) => ({ action: 'user.login', crud: 'c', is_anonymous: true, ...event })) }),
  });
  expect(answer.status).toBe(201);
}

const lines = (text: string): { id: string; hash?: string; event: AuditEvent }[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as never);

async function until(seen: () => boolean): Promise<void> {
  const due = Date.now() + 10_000;
  while (!seen() && Date.now() < due) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(seen()).toBe(true);
}

/** Whether a range in a search lacks an end. */
function hasOpenRange(body: string): boolean {
  const { variables } = JSON.parse(body) as { variables: { query: string } };
  const ranges = [...variables.query.matchAll(/(?:received|created):(\S*)/g)];
  return ranges.some(([, range]) => range!.split(',').filter(Boolean).length !== 2);
}

/** Starts a server with the search of Retraced, which refuses ranges with one end, and without the export of a collector. */
async function withoutExport(): Promise<NodeJS.ProcessEnv> {
  const server = createServer((request, response) => {
    if (request.url!.includes('/export')) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Cannot GET');
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      if (hasOpenRange(body)) {
        const errors = [{ message: 'Unexpected error value: { status: 400, err: {} }' }];
        return void response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ errors, data: { search: null } }));
      }
      const headers = { authorization: request.headers.authorization!, 'content-type': 'application/json' };
      const answer = await fetch(collector.apiBase + request.url, { method: 'POST', headers, body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    })();
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return { ...env, AUDITLOG_API_BASE: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('tail', () => {
  it('shows the newest events and then each new one once, until SIGTERM', async () => {
    await publish({
      external_id: eventId(Date.now()),
      actor: { id: 'u1', name: 'Ann' },
      is_anonymous: false,
      group: { id: 'acme' },
      source_ip: '203.0.113.7',
    });
    const tail = run(['tail', '--interval', '50ms'], { env });
    running.push(tail);
    await until(() => tail.stdout().includes('Ann'));
    expect(tail.stdout()).toMatch(/^\d{4}-\d\d-\d\dT\S+Z success {3}user\.login Ann \(u1\) from 203\.0\.113\.7 in acme\n$/);
    await publish({ is_failure: true, fields: { outcome: 'failure', reason: 'user_not_found', identity: 'evil\u001b[31m\u202e' } });
    await until(() => tail.stdout().includes('user_not_found'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(tail.stdout().split('\n')).toHaveLength(3);
    expect(tail.stdout()).toContain('evil\\u001b[31m\\u202e from – user_not_found');
    tail.child.kill('SIGINT');
    expect(await tail.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.each<[string, object, string]>([
    ['the account that was tried', { is_failure: true, target: { id: 'u1', type: 'account' } }, 'failure   user.login on u1 from –'],
    ['its name', { is_failure: true, target: { id: 'u1', name: 'Ann', type: 'account' } }, 'failure   user.login on Ann (u1) from –'],
    [
      'who acted on which account',
      { action: 'user.impersonate.start', is_anonymous: false, actor: { id: 'admin' }, target: { id: 'u1', type: 'account' } },
      'success   user.impersonate.start admin on u1 from –',
    ],
    [
      'what was typed, where the target is no account',
      { fields: { identity: 'a***e' }, target: { id: 's1', type: 'session' } },
      'success   user.login a***e from –',
    ],
    ['what an event corrects', { fields: { corrects: 'first' } }, 'success   user.login – from – corrects first'],
  ])('shows %s', async (_what, event, line) => {
    await publish(event);
    const { stdout } = await run(['tail', '--no-follow'], { env }).ended;
    expect(stdout.replace(/^\S+ /, '')).toBe(`${line}\n`);
  });

  it('follows a server that refuses a range with one end', async () => {
    const tail = run(['tail', '--interval', '50ms'], { env: await withoutExport() });
    running.push(tail);
    await publish({ actor: { id: 'before' }, is_anonymous: false });
    await until(() => tail.stdout().includes('before'));
    await publish({ actor: { id: 'after' }, is_anonymous: false });
    await until(() => tail.stdout().includes('after') || tail.stderr() !== '');
    expect(tail.stderr()).toBe('');
  });

  it('continues after the server has failed for a while', async () => {
    const { port } = new URL(collector.apiBase);
    const tail = run(['tail', '--interval', '50ms'], { env });
    running.push(tail);
    await publish({ actor: { id: 'before' }, is_anonymous: false });
    await until(() => tail.stdout().includes('before'));
    const { token } = collector;
    await collector.close();
    await until(() => tail.stderr().includes('Trying again'));
    collector = await startCollector({ port: Number(port), dataDir: join(folder, 'one'), token });
    await publish({ actor: { id: 'after' }, is_anonymous: false });
    await until(() => tail.stdout().includes('after'));
  });

  it.each([
    [['--outcome', 'failure'], ['b']],
    [
      ['--outcome', 'failure,success'],
      ['a', 'b', 'c'],
    ],
    [['--reason', 'wrong_password'], ['b']],
    [['--group', 'g1'], ['a']],
    [['--address', '203.0.113.2'], ['b']],
    [['--account', 'typed'], ['b']],
    [['--query', 'external_id:c'], ['c']],
    [['-n', '1'], ['c']],
    [['-n', '0'], []],
  ])('shows the events that match %j', async (flags, expected) => {
    await publish(
      { external_id: 'a', group: { id: 'g1' }, created: '2026-01-01T00:00:00Z' },
      {
        external_id: 'b',
        is_failure: true,
        source_ip: '203.0.113.2',
        fields: { outcome: 'failure', reason: 'wrong_password', identity: 'typed' },
        created: '2026-01-01T00:00:01Z',
      },
      { external_id: 'c', created: '2026-01-01T00:00:02Z' },
    );
    const { code, stdout } = await run(['tail', '--no-follow', '--json', ...flags], { env }).ended;
    expect(code).toBe(0);
    expect(lines(stdout).map(({ event }) => event.external_id)).toEqual(expected);
  });

  it('takes the reasons and actions that the application made up', async () => {
    await publish({ action: 'user.elevate', is_failure: true, fields: { reason: 'not_on_call' } });
    for (const flags of [
      ['--reason', 'not_on_call'],
      ['--action', 'user.elevate'],
      ['--action', 'user.elevate,audit.gap'],
    ]) {
      const { code, stdout } = await run(['tail', '--no-follow', '--json', ...flags], { env }).ended;
      expect([code, lines(stdout)]).toEqual([
        0,
        [expect.objectContaining({ event: expect.objectContaining({ action: 'user.elevate' }) as object })],
      ]);
    }
  });

  it.each([
    [['--interval', 'soon'], 2, /"--interval" is "soon"; expected a duration/],
    [['--outcome', 'falure'], 2, /"--outcome" is "falure"; expected some of success, failure, challenge, unknown/],
    [['--outcome', 'failure,sucess'], 2, /"--outcome" is "sucess"/],
    [
      ['--reason', 'wrong_pasword'],
      2,
      /"--reason" is "wrong_pasword"; expected some of .*wrong_password.*, or another reason that the log has/,
    ],
    [['--action', 'user.logn'], 2, /"--action" is "user.logn"; expected some of user.login/],
    [['--query', 'actr.id:u'], 2, /"actr.id" is none of action, crud, actor.id.*quote text that contains a colon/],
    [['--lines', '-1'], 2, /"--lines" is "-1"; expected a whole number from 0 to 10000/],
    [['--project', 'other'], 1, /ERR_AUDIT_UNAUTHORIZED/],
  ])('fails with %j', async (flags, wanted, message) => {
    const { code, stderr } = await run(['tail', ...flags], { env }).ended;
    expect(code).toBe(wanted);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(collector.token);
  });
});

describe('export and import', () => {
  const whole = {
    external_id: 'kept',
    created: '2026-05-06T05:00:00.123+02:00',
    is_anonymous: false,
    actor: { id: 'u1', name: 'Ann', href: 'https://a.example' },
    group: { id: 'g', name: 'G' },
    target: { id: 't', type: 'session' },
    fields: { b: '2', 'ä=;': '1' },
    metadata: { m: 'x' },
  };

  it.each([
    ['a running collector', (): string[] => []],
    ['the data folder of a collector', (): string[] => ['--data', join(folder, 'one')]],
  ])('exports events from %s as they were sent', async (_, flags) => {
    await publish(whole, { external_id: 'second' }, {});
    const { code, stdout, stderr } = await run(['export', ...flags()], { env }).ended;
    expect([code, stderr]).toEqual([0, '✓ 3 events were exported.\n']);
    const exported = lines(stdout);
    expect(exported[0]!.event).toEqual({ action: 'user.login', crud: 'c', ...whole });
    for (const { id, hash, event } of exported) expect(eventHash(id, event)).toBe(hash);
  });

  it('imports a log with its times and ids, and skips events that were imported before', async () => {
    await publish(whole, {}, ...Array.from({ length: 48 }, (_, index) => ({ external_id: `many${index}` })));
    await publish(...Array.from({ length: 50 }, (_, index) => ({ external_id: `more${index}` })));
    const file = join(folder, 'log.ndjson');
    expect((await run(['export', '--output', file], { env }).ended).code).toBe(0);
    const first = await run(['import', file], { env: otherEnv }).ended;
    expect(first).toMatchObject({
      code: 0,
      stdout: '✓ 100 imported and verified, 0 already in the log, 0 refused, 0 with a wrong hash.\n',
    });
    const second = await run(['import', '-', '--json'], { env: otherEnv, input: readFileSync(file, 'utf8') }).ended;
    expect(JSON.parse(second.stdout)).toEqual({ imported: 0, skipped: 100, refused: 0, mismatched: 0, problems: [] });
    const [before, after] = await Promise.all([run(['export'], { env }).ended, run(['export'], { env: otherEnv }).ended]);
    const old = new Map(lines(before.stdout).map(({ id, event }) => [event.external_id ?? id, event]));
    const moved = lines(after.stdout);
    expect(moved).toHaveLength(100);
    for (const { event } of moved) expect(event).toMatchObject(old.get(event.external_id!)!);
    expect(moved.every(({ event }) => event.created !== undefined)).toBe(true);
  });

  it('exports the result of a search from a server that has no export', async () => {
    await publish(whole);
    const { code, stdout } = await run(['export'], { env: await withoutExport() }).ended;
    expect(code).toBe(0);
    expect(lines(stdout)[0]!.event).toMatchObject({ ...whole, actor: { id: 'u1', name: 'Ann' }, created: '2026-05-06T03:00:00Z' });
  });

  it.each([
    [['--from', '2020-01-01'], ['kept']],
    [['--to', '2099-01-01'], ['kept']],
    [['--from', '2020-01-01', '--to', '2099-01-01'], ['kept']],
    [['--to', '2020-01-01'], []],
  ])('exports with %j from a server that refuses a range with one end', async (flags, expected) => {
    await publish(whole);
    const { code, stdout } = await run(['export', ...flags], { env: await withoutExport() }).ended;
    expect([code, lines(stdout).map(({ event }) => event.external_id)]).toEqual([0, expected]);
  });

  it('exports only the events that match --query and --to', async () => {
    await publish({ external_id: 'a' }, { external_id: 'b', action: 'user.logout' });
    const { stdout } = await run(['export', '--query', 'action:user.logout'], { env }).ended;
    expect(lines(stdout).map(({ event }) => event.external_id)).toEqual(['b']);
    expect((await run(['export', '--to', '2020-01-01'], { env }).ended).stdout).toBe('');
  });

  it('names the lines that cannot be imported, and imports the others', async () => {
    const file = join(folder, 'broken.ndjson');
    const event = { action: 'user.login', crud: 'c', is_anonymous: true };
    const good = (id: string): string => JSON.stringify({ id, received: '2026-01-01T00:00:00Z', event });
    writeFileSync(
      file,
      [good('a'), 'nonsense', JSON.stringify({ event }), JSON.stringify({ id: 'x', event: { crud: 'c' } }), '', good('b'), '[]'].join('\n'),
    );
    const { code, stdout, stderr } = await run(['import', file], { env: otherEnv }).ended;
    expect(code).toBe(1);
    expect(stdout).toContain('✗ 2 imported and verified, 0 already in the log, 4 refused');
    expect(stderr).toMatch(/line 2: not JSON[^]*line 3: neither "id"[^]*line 4: [^]*action[^]*line 7: no property "event"/);
  });

  it('repeats a call that failed, without storing an event twice after a lost response', async () => {
    let calls = 0;
    const flaky = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        calls += 1;
        if (calls === 1) return void response.writeHead(503).end();
        const headers = { authorization: request.headers.authorization!, 'content-type': 'application/json' };
        const answer = await fetch(other.apiBase + request.url, { method: 'POST', headers, body: Buffer.concat(chunks) });
        if (calls === 3) return void response.destroy();
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      })();
    }).listen(0, '127.0.0.1');
    servers.push(flaky);
    await new Promise((resolve) => flaky.once('listening', resolve));
    await publish({ external_id: 'a' }, { external_id: 'b' });
    const { stdout: input } = await run(['export'], { env }).ended;
    const base = `http://127.0.0.1:${(flaky.address() as AddressInfo).port}`;
    const { code, stdout } = await run(['import', '-', '--index-lag', '10ms'], { env: { ...otherEnv, AUDITLOG_API_BASE: base }, input })
      .ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 imported and verified, 0 already in the log')]);
    expect(lines((await run(['export'], { env: otherEnv }).ended).stdout)).toHaveLength(2);
  });

  const line = (id: string, which: string, more: object = {}): string =>
    JSON.stringify({ id, event: { action: 'user.login', crud: 'c', is_anonymous: true, external_id: 'same', fields: { which }, ...more } });
  const others = Array.from({ length: 60 }, (_, index) => line(`o${index}`, 'other', { external_id: `other-${index}` }));
  it.each([
    ['61 lines before it', [line('f', 'forged'), ...others, line('g', 'genuine')]],
    ['in the same batch', [line('f', 'forged'), line('g', 'genuine')]],
  ])('reports a line that says something else under the external_id of another one, %s', async (_, input) => {
    const ran = await run(['import', '-', '--index-lag', '1ms', '--json'], { env: otherEnv, input: input.join('\n') }).ended;
    const { refused, problems } = JSON.parse(ran.stdout) as { refused: number; problems: string[] };
    expect([ran.code, refused, problems]).toEqual([1, 1, [expect.stringMatching(/^same: .*external_id.* says something else/)]]);
  });

  it('reports that the log has another event under the external_id of a line, and skips a line that says the same', async () => {
    const input = (...given: string[]): object => ({ env: otherEnv, input: given.join('\n') });
    const first = line('a', 'first', { metadata: {} });
    expect((await run(['import', '-'], input(first, first)).ended).code).toBe(0);
    expect((await run(['import', '-'], input(first)).ended).stdout).toMatch(/0 imported and verified, 1 already in the log, 0 refused/);
    const ran = await run(['import', '-'], input(line('b', 'second'))).ended;
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringMatching(/same: the log has the event \w+ with this external_id, which says something else/),
    ]);
  });

  it('imports events that are as large as the collector takes, and refuses larger ones', async () => {
    const input = [150_000, 3_000_000, 9_000_000, 11_000_000]
      .map((size, index) => line(`l${index}`, 'large', { external_id: `large-${index}`, description: 'x'.repeat(size) }))
      .join('\n');
    const { code, stdout, stderr } = await run(['import', '-'], { env: otherEnv, input }).ended;
    expect([code, stdout, stderr]).toEqual([
      1,
      expect.stringContaining('3 imported and verified, 0 already in the log, 1 refused'),
      expect.stringContaining('line 4'),
    ]);
  });

  it.each([
    [['export', '--output', 'there'], 2, /"--output" is "there", which cannot be written: it already exists/],
    [['export', '--data', 'nowhere'], 2, /no collector's database in .*nowhere/],
    [['export', '--query', 'outcom:failure'], 2, /"outcom" is none of action/],
    [['export', '--from', 'x'], 2, /"--from" is "x"; expected a time in ISO 8601/],
    [['import', 'nowhere.ndjson'], 2, /"nowhere.ndjson" cannot be read \(ENOENT\)/],
    [['import', '-', '--project', 'wrong'], 1, /ERR_AUDIT_UNAUTHORIZED/],
  ])('fails with %j', async (args, wanted, message) => {
    writeFileSync(join(folder, 'there'), '');
    await publish({});
    const input = JSON.stringify({ id: 'a', event: { action: 'a', crud: 'c', is_anonymous: true } });
    const { code, stderr } = await run(args, { env, cwd: folder, input }).ended;
    expect(code).toBe(wanted);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(collector.token);
  });
});

describe('token and backup', () => {
  it('creates a token, lists it without its secret and revokes it', async () => {
    const data = ['--data', join(folder, 'one')];
    const made = await run(['token', 'create', ...data, '--project', 'shop', '--name', 'shop backend']).ended;
    const token = made.stdout.trim();
    expect(token).toMatch(/^alt_[\w-]{32}$/);
    const listed = await run(['token', 'list', ...data]).ended;
    expect(listed.stdout).toContain('shop backend');
    expect(listed.stdout).not.toContain(token);
    const shop = { AUDITLOG_API_BASE: collector.apiBase, AUDITLOG_API_PROJECT: 'shop', AUDITLOG_API_TOKEN: token };
    expect((await run(['doctor'], { env: shop }).ended).code).toBe(0);
    const { id } = (JSON.parse((await run(['token', 'list', ...data, '--json']).ended).stdout) as { id: string }[])[0]!;
    expect((await run(['token', 'revoke', id, ...data]).ended).code).toBe(0);
    expect((await run(['token', 'revoke', id, ...data]).ended).stderr).toMatch(/No valid token has the id/);
    expect((await run(['doctor'], { env: shop }).ended).code).toBe(1);
  });

  it('backs up a running collector to a file that works as its database', async () => {
    await publish({ external_id: 'a' });
    const copy = join(folder, 'copy');
    const made = await run(['backup', join(folder, 'events.sqlite'), '--data', join(folder, 'one')]).ended;
    expect(made.code).toBe(0);
    mkdirSync(copy);
    writeFileSync(join(copy, 'events.sqlite'), readFileSync(join(folder, 'events.sqlite')));
    const { stdout } = await run(['export', '--data', copy]).ended;
    expect(lines(stdout).map(({ event }) => event.external_id)).toEqual(['a']);
    expect((await run(['backup', join(folder, 'events.sqlite'), '--data', join(folder, 'one')]).ended).stderr).toMatch(/would overwrite/);
  });
});

it('completes commands, flags and choices in the shell', async () => {
  const complete = async (...words: string[]): Promise<string> => (await run(['complete', '--', ...words]).ended).stdout;
  expect(await complete('t')).toMatch(/^tail\t/m);
  expect(await complete('tail', '--ou')).toMatch(/^--outcome\t/m);
  expect(await complete('env', '--format', '')).toMatch(/^dotenv/m);
  for (const shell of ['bash', 'zsh', 'fish', 'powershell'])
    expect((await run(['completion', shell]).ended).stdout).toContain('auditlogin');
});
