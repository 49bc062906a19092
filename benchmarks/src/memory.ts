import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAuditor, eventHash } from '@auditlogin/core';
import type { Transport } from '@auditlogin/core/engine';
import { Client, type Event } from '@retracedhq/retraced';
import { loginEvent } from './login-event.js';
import { report } from './processes.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const JSON_BYTES = Buffer.byteLength(JSON.stringify(loginEvent(100_000)));
/** The official SDK opens one socket per request. With more than these, the machine runs out of sockets. */
const MOST_SOCKETS = 5_000;

function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Measures the memory of waiting events while the audit log does not respond, and whether it is freed afterwards. */
const waiting: Record<string, () => Promise<{ count: number; drain?: () => Promise<void> }>> = {
  async ours() {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const transport: Transport = {
      async send(events) {
        await gate;
        return {
          kind: 'accepted',
          receipts: events.map(({ body }, index) => ({ id: `s${index}`, hash: eventHash(`s${index}`, JSON.parse(body) as never) })),
        };
      },
      find: () => Promise.resolve({ kind: 'searched', receipts: new Map() }),
      close: () => Promise.resolve(),
    };
    const auditor = createAuditor(
      {
        apiBase: 'http://127.0.0.1:1',
        project: 'dev',
        token: 't',
        closeTimeout: 120_000,
        spool: { kind: 'memory', maxEvents: 2 * work, maxBytes: 1_073_741_824 },
      },
      { transport },
    );
    for (let index = 0; index < work; index += 1) await auditor.report(loginEvent(index));
    return {
      count: work,
      async drain() {
        open();
        await auditor.flush();
        if (auditor.stats().verified !== work) throw new Error(`${auditor.stats().verified} of ${work} were verified`);
      },
    };
  },
  async peer() {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new Client({ apiKey: 't', projectId: 'dev', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const count = Math.min(MOST_SOCKETS, work);
    for (let index = 0; index < count; index += 1) void client.reportEvent(loginEvent(index) as unknown as Event).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return { count };
  },
  limit() {
    const kept = Array.from({ length: work }, (_, index) => Buffer.from(JSON.stringify(loginEvent(index))));
    return Promise.resolve({ count: work, drain: () => Promise.resolve(void kept.splice(0)) });
  },
};

const before = held();
const rssBefore = process.memoryUsage.rss();
const { count, drain } = await waiting[side]!();
const value = (held() - before) / count / JSON_BYTES;
const full = process.memoryUsage.rss();
await drain?.();
// Another thread returns free pages to the system a moment later.
for (let round = 0; round < 3; round += 1) {
  held();
  await new Promise((resolve) => setTimeout(resolve, 500));
}
const mega = (bytes: number): number => Math.round(bytes / 1_048_576);
report({ value, rss_before_mb: mega(rssBefore), rss_waiting_mb: mega(full), rss_drained_mb: mega(process.memoryUsage.rss()) });
process.exit();
