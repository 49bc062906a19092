import { setTimeout as pause } from 'node:timers/promises';
import { postgresSpool } from '@auditlogin/postgres';
import { type FaultServer, spoolEvent, startFaultServer } from '@auditlogin/testing/contract';
import { noPostgres, startPostgres, type TestServer } from '../../../test/engines/servers.js';
import { run, type Running } from './run.js';

if (noPostgres) console.warn(`Skipped: auditlogin relay, since ${noPostgres}.`);

it('engine init prints the SQL, and reports missing and invalid options', async () => {
  const printed = await run(['engine', 'init', '--print']).ended;
  expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining('CREATE TABLE IF NOT EXISTS auditlogin_outbox') });
  expect(await run(['engine', 'init']).ended).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ERR_AUDIT_CONFIG_MISSING: .*--postgres-url \(AUDITLOG_POSTGRES_URL\) or --nats/),
  });
  expect(await run(['engine', 'init', '--engine', 'redis']).ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"redis"; expected "postgres" or'),
  });
  const unreachable = await run(['engine', 'init'], { env: { AUDITLOG_POSTGRES_URL: 'postgres://u:canary-secret@127.0.0.1:1/x' } }).ended;
  expect(unreachable).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_AUDIT_ENGINE: PostgreSQL failed: ECONNREFUSED') });
  expect(unreachable.stderr).not.toContain('canary-secret');
});

const API = { AUDITLOG_API_BASE: 'http://127.0.0.1:1', AUDITLOG_API_PROJECT: 'dev', AUDITLOG_API_TOKEN: 't' };

it.each([
  [['--listen', '0.0.0.0:4478'], {}, /not a loopback address; set AUDITLOG_RELAY_TOKEN/],
  [['--listen', 'nowhere'], {}, /Option "--listen" is "nowhere"; expected an address and a port/],
  [['--in-doubt', 'hope'], {}, /expected "resend" or "reconcile"/],
  [['--concurrency', '0'], {}, /Option "--concurrency" is "0"; expected a whole number from 1 to 32/],
  [['--lease', 'long'], {}, /Option "--lease" is "long"/],
])('relay %j fails with the reason', async (args, env, reason) => {
  const ended = await run(['relay', '--engine', 'postgres', ...args], { env: { ...API, ...env } }).ended;
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) });
});

(noPostgres ? describe.skip : describe)('auditlogin relay', () => {
  let postgres: TestServer & { url: string };
  let log: FaultServer;
  beforeAll(async () => {
    [postgres, log] = await Promise.all([startPostgres(), startFaultServer()]);
  }, 60_000);
  afterAll(async () => {
    await postgres?.stop();
    await log?.close();
  });

  async function urlOf(relay: Running): Promise<string> {
    for (;;) {
      const url = /(http:\S+)\/healthz/.exec(relay.stdout())?.[1];
      if (url !== undefined) return url;
      if (relay.child.exitCode !== null) throw new Error(relay.stderr());
      await pause(20);
    }
  }

  it('publishes events, shows health and metrics to holders of the token, and finishes at SIGTERM', async () => {
    const env = { ...API, AUDITLOG_API_BASE: log.apiBase, AUDITLOG_POSTGRES_URL: postgres.url, AUDITLOG_RELAY_TOKEN: 'metrics-canary' };
    expect(await run(['engine', 'init'], { env }).ended).toMatchObject({ code: 0, stdout: expect.stringContaining('auditlogin_outbox') });
    const app = postgresSpool({ connection: postgres.url });
    await app.appendAll(
      Array.from({ length: 60 }, (_, index) => spoolEvent(`e${index}`)),
      'one',
    );
    const relay = run(['relay', '--listen', '0.0.0.0:0'], { env });
    const url = (await urlOf(relay)).replace('0.0.0.0', '127.0.0.1');
    const authorization = 'Bearer metrics-canary';
    const healthz = async () => (await (await fetch(`${url}/healthz`, { headers: { authorization } })).json()) as { verified: number };
    while ((await healthz()).verified < 60) await pause(20);
    expect(await healthz()).toMatchObject({ status: 'ok', engine: 'connected', waiting: 0, verified: 60, mismatched: 0 });
    for (const path of ['/healthz', '/metrics']) {
      expect((await fetch(url + path)).status).toBe(401);
      expect((await fetch(url + path, { headers: { authorization: 'Bearer metrics-canarz' } })).status).toBe(401);
    }
    for (const path of ['/livez', '/readyz']) expect(await (await fetch(url + path)).text()).toBe('ok\n');
    const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization } })).text();
    expect(metrics).toMatch(/^auditlogin_relay_verified_total 60$/m);
    expect(metrics).toMatch(/^auditlogin_relay_engine_reachable 1$/m);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    relay.child.kill('SIGTERM');
    const ended = await relay.ended;
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('60 events verified, 0 mismatched, 0 set aside.') });
    expect(ended.stdout + ended.stderr).not.toContain('canary');
    await app.close();
  }, 60_000);
});
