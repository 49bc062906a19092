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

const attempt = (index: number, status: number, more: Partial<Attempt> = {}): Attempt =>
  answered(status, { startedAt: Date.UTC(2026, 10, 23) + index, address: `203.0.113.${index % 50}`, ...more });

/** The number of attempts, other than the one login, that the events stand for. */
const attemptsIn = (events: readonly AuditEvent[]): number =>
  events.filter(({ actor }) => actor?.id !== 'ann').reduce((sum, { fields }) => sum + Number(fields?.['coalesced_count'] ?? 1), 0);

const FLOOD = Number(process.env['AUDITLOGIN_FLOOD'] ?? 5_000);

const KINDS: [name: string, status: number, more: Partial<Attempt>, coalesced: Partial<AuditEvent>][] = [
  ['failures', 401, {}, { action: 'user.login', is_failure: true, fields: { outcome: 'failure' } }],
  [
    'failures that name the account',
    401,
    { mark: { outcome: 'failure', reason: 'wrong_password', actor: 'bob' } },
    { action: 'user.login', is_failure: true, fields: { outcome: 'failure' } },
  ],
  [
    'challenges',
    200,
    { mark: { outcome: 'challenge', actor: 'bob' } },
    { action: 'user.login.challenge', is_failure: false, fields: { outcome: 'challenge' } },
  ],
  [
    'refreshes',
    200,
    { action: 'user.session.refresh', mark: { outcome: 'success', actor: 'bob' } },
    { action: 'user.session.refresh', is_failure: false, fields: { outcome: 'success' } },
  ],
];

describe.each(KINDS)(`a flood of ${FLOOD} %s`, (_name, status, more, expected) => {
  it.each(['memory', 'disk'] as const)(
    'does not hide the login, and its own number is published (%s)',
    async (kind) => {
      server.always = (_, response) => answer(response, 503, 'no');
      const { auditor } = watchedAuditor(server.apiBase, { closeTimeout: 60_000, spool: { kind, directory, maxEvents: 1_000 } });
      for (let index = 0; index < FLOOD; index += 500) {
        await Promise.all(
          Array.from({ length: Math.min(500, FLOOD - index) }, (_, further) => auditor.record([attempt(index + further, status, more)])),
        );
      }
      expect(await auditor.record([attempt(FLOOD, 200, { mark: { outcome: 'success', actor: 'ann' } })])).toBe(true);
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
      expect(server.stored.filter(({ actor }) => actor?.id === 'ann')).toMatchObject([{ action: 'user.login' }]);
      expect(attemptsIn(server.stored)).toBe(FLOOD);
      const [one] = server.stored.filter(({ fields }) => fields?.['coalesced_count'] !== undefined);
      expect(one).toMatchObject({ ...expected, is_anonymous: true, fields: { ...expected.fields, evidence: 'coalesced' } });
    },
    300_000,
  );
});

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
