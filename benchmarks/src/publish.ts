import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalTail, eventId, httpTransport, normaliseEvent } from '@auditlogin/core/log';
import { createAuditor, type Receipt } from '@auditlogin/core';
import type { Transport } from '@auditlogin/core/engine';
import { Client, type Event } from '@retracedhq/retraced';
import { loginEvent } from './login-event.js';
import { cpuTime, report, start } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const BULK = 50;
const LANES = 4;
const { child: server, said } = await start<{ port: number }>('audit-server.js');
const apiBase = `http://127.0.0.1:${said.port}`;

/** Publishes a number of events, and returns how many were verified. */
type Publish = (count: number) => Promise<number>;

interface Own {
  /** Prepares events outside of the measured time. They wait in the spool when it begins, unless appending is measured, too. */
  prepare(count: number): Promise<void>;
  publish: Publish;
  close(): Promise<void>;
}

function ours(kind: 'disk' | 'memory', isWayInMeasured: boolean): Own {
  const directory = mkdtempSync(join(tmpdir(), 'auditlogin-bench-'));
  let open = (): void => undefined;
  let gate = Promise.resolve();
  const connection = { apiBase, project: 'dev', token: 't' };
  const http = httpTransport({ ...connection, connections: LANES, connectTimeout: 5_000, timeout: 10_000 });
  const transport: Transport = { ...http, send: async (events) => (await gate, http.send(events)) };
  const auditor = createAuditor(
    {
      ...connection,
      spool: { kind, directory, required: kind === 'disk' },
      publish: { batchSize: BULK, concurrency: LANES },
      closeTimeout: 120_000,
    },
    { transport },
  );
  async function fill(count: number): Promise<void> {
    for (let done = 0; done < count; done += 1_000) {
      const some = Math.min(1_000, count - done);
      await Promise.all(Array.from({ length: some }, (_, index) => auditor.report(loginEvent(done + index) as never)));
    }
  }
  return {
    async prepare(count) {
      if (isWayInMeasured) return;
      gate = new Promise((resolve) => (open = resolve));
      await fill(count);
    },
    async publish(count) {
      const { verified } = auditor.stats();
      open();
      if (isWayInMeasured) await fill(count);
      await auditor.flush();
      return auditor.stats().verified - verified;
    },
    async close() {
      await auditor.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const client = new Client({ apiKey: 't', projectId: 'dev', endpoint: apiBase });

/** The official SDK with one call per event and fifty calls at once. It verifies each hash and throws if one is wrong. */
async function peer(count: number): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await client.reportEvent(loginEvent((next += 1)));
  };
  await Promise.all(Array.from({ length: 50 }, lane));
  return next;
}

/** The official SDK's bulk call, with as many calls in flight as ours. */
async function peerBulk(count: number): Promise<number> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const batch = Array.from({ length: BULK }, () => loginEvent((next += 1)) as unknown as Event);
      await client.reportEvents(batch);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return next;
}

/** The minimum of work for a client: it sends prepared bytes through raw sockets and checks the answers against prepared texts. */
async function limit(count: number): Promise<number> {
  const events = Array.from({ length: BULK }, (_, index) => normaliseEvent({ ...loginEvent(index), external_id: eventId(Date.now()) }));
  const tails = events.map(canonicalTail);
  const isRight = ({ id, hash: seen }: Receipt, index: number): boolean => hash('sha256', id + tails[index]!) === seen;
  const body = Buffer.from(JSON.stringify({ events }));
  const head = `POST /publisher/v1/project/dev/event/bulk HTTP/1.1\r\nhost: x\r\nauthorization: Token token=t\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(head), body]);
  let left = count / BULK;
  let verified = 0;
  const lane = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(said.port, '127.0.0.1');
      let expected = 0;
      let got: Buffer[] = [];
      let length = 0;
      const send = (): void => {
        if (left <= 0) return void socket.end(resolve);
        left -= 1;
        expected = length = 0;
        got = [];
        socket.write(message);
      };
      socket.on('connect', send).on('error', reject);
      socket.on('data', (piece: Buffer) => {
        if (expected === 0) {
          const end = piece.indexOf('\r\n\r\n');
          expected = Number(/content-length: (\d+)/i.exec(piece.toString('latin1', 0, end))![1]);
          piece = piece.subarray(end + 4);
        }
        got.push(piece);
        length += piece.length;
        if (length < expected) return;
        verified += (JSON.parse(Buffer.concat(got).toString('utf8')) as Receipt[]).filter(isRight).length;
        send();
      });
    });
  await Promise.all(Array.from({ length: LANES }, lane));
  return verified;
}

const kind = side.startsWith('memory') ? 'memory' : (process.env['SPOOL'] as 'disk' | 'memory');
const isOurs = side === 'ours' || side === 'memory' || side.endsWith('way-in');
const own = isOurs ? ours(kind, side.endsWith('way-in')) : undefined;
const publish: Publish = own?.publish ?? { peer, 'peer-bulk': peerBulk, limit }[side as 'peer'];
/** Number of warm-up events, until the code is compiled, since real applications run for weeks. The peer is slow and needs fewer. */
const WARM_UP = side === 'peer' ? 5_000 : 30_000;
await own?.prepare(WARM_UP);
await publish(WARM_UP);
await own?.prepare(work);
const [cpu, clock] = [cpuTime(), performance.now()];
const verified = await publish(work);
const [spent, took] = [cpuTime() - cpu, performance.now() - clock];
if (verified < work) throw new Error(`${work - verified} of ${work} events were not verified`);
report({ value: spent / work, events_per_second: Math.round((work / took) * 1_000) });
await own?.close();
server.disconnect();
process.exit();
