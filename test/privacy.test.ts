import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type Collector, startCollector } from '@auditlogin/collector';
import { type AuditError, type AuditEvent, createAuditor } from '@auditlogin/core';
import type { RecordingAuditor } from '@auditlogin/testing';
import { adapterContract } from '@auditlogin/testing/contract';
import { contractAdapters as express } from '../packages/express/test/contract-adapter.js';
import { contractAdapters as fastify } from '../packages/fastify/test/contract-adapter.js';
import { contractAdapters as koa } from '../packages/koa/test/contract-adapter.js';
import { filesUnder, findSecrets } from './secrets.js';
import { runContract } from './run-contract.js';
import { startWiretap, type Wiretap } from './wiretap.js';

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-privacy-'));
const secrets = new Set<string>();
const logged: string[] = [];
const spool = join(folder, 'spool');
const findings: string[] = [];
let spooled = 0;
let collector: Collector;
let wiretap: Wiretap;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir: join(folder, 'collector') });
  wiretap = await startWiretap(collector.apiBase);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An auditor that publishes over the wiretap and records everything it logs. */
function publishingAuditor(): RecordingAuditor {
  const events: AuditEvent[] = [];
  const problems: AuditError[] = [];
  const log = (...parts: unknown[]): void => void logged.push(inspect(parts, { depth: 9, showHidden: true }));
  const auditor = createAuditor({
    apiBase: wiretap.apiBase,
    project: collector.project,
    token: collector.token,
    spool: { directory: spool },
    identityKey: 'key-of-the-privacy-test',
    logger: { warn: log, error: log },
    onReceipt({ event, verdict }) {
      expect(verdict).toBe('verified');
      events.push(event);
    },
    onError(error) {
      log(error);
      problems.push(error);
    },
    onDrop: (event, error) => log(event, error),
  });
  return {
    ...auditor,
    /** Reads the spool's files before they are emptied: the write-ahead log still contains every event. */
    close: async (options) => {
      const files = filesUnder(spool).filter(([name]) => !name.endsWith('-reserved'));
      spooled += files.reduce((sum, [, bytes]) => sum + bytes.toString('latin1').split('user.login').length - 1, 0);
      findings.push(...findSecrets(secrets, files));
      await auditor.close(options);
    },
    events,
    problems,
    clear: () => void events.splice(0),
    async settled(count, timeout = 5_000) {
      const due = Date.now() + timeout;
      while (events.length < count && Date.now() < due) await new Promise((resolve) => setTimeout(resolve, 5));
      await auditor.flush();
      // Concurrent batches may be answered in any order. Events of the same millisecond are in one batch and keep its order, since their ids are random.
      return events.toSorted((a, b) => Date.parse(a.created!) - Date.parse(b.created!));
    },
  };
}

for (const [version, adapter] of [...express, ...koa, ...fastify]) {
  runContract(`secrets through ${version}`, adapterContract(adapter, { auditor: publishingAuditor, secrets }));
}

it('sends, spools, logs and stores no secret of any scenario', async () => {
  await wiretap.close();
  await collector.close();
  const places = [...filesUnder(folder), ['what was sent', wiretap.sent()], ['what was logged', Buffer.from(logged.join('\n'))]] as const;
  expect(secrets.size).toBeGreaterThan(100);
  expect(wiretap.sent().toString('latin1').split('user.login').length).toBeGreaterThan(1_000);
  expect(spooled).toBeGreaterThan(1_000);
  expect([...findings, ...findSecrets(secrets, places)]).toEqual([]);
});

it('searches for secrets in every encoding', () => {
  const secret = 'a secret of sixteen';
  const bytes = Buffer.from(secret);
  for (const form of [secret, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(secret)]) {
    expect(findSecrets([secret], [['here', Buffer.from(`x${form}y`)]])).toHaveLength(1);
  }
  expect(findSecrets([secret], [['here', Buffer.from('nothing')]])).toEqual([]);
});
