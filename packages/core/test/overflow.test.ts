import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attempt } from '../src/adapter.js';
import type { AuditEvent } from '../src/index.js';
import { answered } from './attempts.js';
import { answer, type FaultServer, startFaultServer, watchedAuditor } from '@auditlogin/testing/contract';

let server: FaultServer;
const directory = mkdtempSync(join(tmpdir(), 'auditlogin-overflow-'));
beforeEach(async () => (server = await startFaultServer()));
afterEach(() => server.close());
afterAll(() => rmSync(directory, { recursive: true }));

const attempt = (index: number, status: number): Attempt =>
  answered(status, {
    startedAt: Date.UTC(2026, 10, 23) + index,
    address: `203.0.113.${index % 50}`,
    ...(status === 200 && { mark: { outcome: 'success', actor: 'ann' } }),
  });

/** The number of failed attempts that the events stand for. */
const attemptsIn = (events: readonly AuditEvent[]): number =>
  events.filter(({ is_failure }) => is_failure).reduce((sum, { fields }) => sum + Number(fields?.['coalesced_count'] ?? 1), 0);

const FLOOD = Number(process.env['AUDITLOGIN_FLOOD'] ?? 20_000);

it.each(['memory', 'disk'] as const)(
  `publishes the success and the number of all failures, within its bounds, in a flood of ${FLOOD} failures (%s)`,
  async (kind) => {
    server.always = (_, response) => answer(response, 503, 'no');
    const { auditor } = watchedAuditor(server.apiBase, { closeTimeout: 60_000, spool: { kind, directory, maxEvents: 1_000 } });
    for (let index = 0; index < FLOOD; index += 500) {
      await Promise.all(Array.from({ length: Math.min(500, FLOOD - index) }, (_, more) => auditor.record([attempt(index + more, 401)])));
    }
    expect(await auditor.record([attempt(FLOOD, 200)])).toBe(true);
    const { waiting, coalesced, lost } = auditor.stats();
    expect(lost).toBe(0);
    expect(waiting).toBeLessThanOrEqual(1_000);
    expect(coalesced).toBeGreaterThanOrEqual(FLOOD - 1_000);
    if (kind === 'disk') {
      const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
      expect(bytes).toBeLessThan(16_000_000);
    }
    server.always = undefined;
    await auditor.flush();
    await auditor.close();
    expect(server.stored.filter(({ is_failure }) => !is_failure)).toMatchObject([{ actor: { id: 'ann' } }]);
    expect(attemptsIn(server.stored)).toBe(FLOOD);
    const [one] = server.stored.filter(({ fields }) => fields?.['coalesced_count'] !== undefined);
    expect(one).toMatchObject({
      action: 'user.login',
      is_failure: true,
      is_anonymous: true,
      fields: { outcome: 'failure', evidence: 'coalesced' },
    });
  },
  300_000,
);

it('counts the failures that a killed process had coalesced', async () => {
  const kinds = { kind: 'disk', directory, maxEvents: 10 } as const;
  server.always = (_, response) => answer(response, 503, 'no');
  const first = watchedAuditor(server.apiBase, { spool: kinds });
  for (let index = 0; index < 100; index += 1) await first.auditor.record([attempt(index, 401)]);
  await first.auditor.close({ timeout: 0 });
  server.always = undefined;
  const second = watchedAuditor(server.apiBase, { spool: kinds });
  await second.auditor.flush();
  await second.auditor.close();
  expect(attemptsIn(server.stored)).toBe(100);
});
