import { AuditError, eventHash, type AuditEvent } from '../src/index.js';
import type { Transport } from '../src/engine.js';
import { createPublisher } from '../src/publish/publisher.js';
import { memorySpool } from '../src/spool/memory-spool.js';
import { spoolEvent } from '@auditlogin/testing/contract';

const MINUTE = 60_000;

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

/** Runs everything that is due now. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

it('delivers everything to a server that flaps for an hour, with few tries while it is down and soon after it is up', async () => {
  const stored: string[] = [];
  let tries = 0;
  let triesWhileDown = 0;
  const start = Date.now();
  // The server is up for one minute and down for four. In half of the failures it has stored the batch.
  const isUp = (): boolean => Math.floor((Date.now() - start) / MINUTE) % 5 === 0;
  const transport: Transport = {
    send(batch) {
      tries += 1;
      if (!isUp()) {
        triesWhileDown += 1;
        const inDoubt = tries % 2 === 0;
        if (inDoubt) stored.push(...batch.map(({ id }) => id));
        const error = new AuditError('ERR_AUDIT_CONNECTION', 'down');
        return Promise.resolve({ kind: 'retry', error, inDoubt });
      }
      stored.push(...batch.map(({ id }) => id));
      const receipts = batch.map(({ id, body }) => ({ id, hash: eventHash(id, JSON.parse(body) as AuditEvent) }));
      return Promise.resolve({ kind: 'accepted', receipts });
    },
    find: () => Promise.resolve({ kind: 'searched', receipts: new Map() }),
    close: () => Promise.resolve(),
  };
  const spool = memorySpool({ maxEvents: 1e6, maxBytes: 1e9 });
  const verdicts: string[] = [];
  const publisher = createPublisher(
    spool,
    transport,
    {
      receipt: (_event, _receipt, verdict) => void verdicts.push(verdict),
      handedOver: () => undefined,
      setAside: () => undefined,
      failed: () => undefined,
      broken: (thrown) => {
        throw thrown;
      },
    },
    {
      ...{ batchSize: 50, concurrency: 4, inDoubt: 'resend', indexLag: 3_000, maxAge: 7 * 24 * 60 * MINUTE },
      backoff: { min: 500, max: 60_000 },
    },
  );
  const sent: string[] = [];
  for (let second = 0; second < 3_600; second += 1) {
    sent.push(`e${second}`);
    await spool.append(spoolEvent(`e${second}`));
    publisher.wake();
    await settle();
    jest.advanceTimersByTime(1_000);
  }
  // Half an hour has six minutes in which the server is up.
  for (let second = 0; spool.size().events > 0 && second < 1_800; second += 1) {
    await settle();
    jest.advanceTimersByTime(1_000);
  }
  await settle();
  expect(spool.size().events).toBe(0);
  expect(new Set(stored)).toEqual(new Set(sent));
  expect(verdicts).toEqual(Array(sent.length).fill('verified'));
  // There are twelve outages of four minutes. In each one the pauses grow from short ones to a minute.
  expect(triesWhileDown).toBeLessThan(12 * 30);
  await publisher.stop();
}, 60_000);
