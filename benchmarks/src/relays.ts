import { once } from 'node:events';
import { createRelay } from '@auditlogin/core';
import { eventId, normaliseEvent } from '@auditlogin/core/log';
import { serialise, type SharedSpool } from '@auditlogin/core/engine';
import { initJetStream, jetStreamSpool } from '@auditlogin/jetstream';
import { migrate, postgresSpool } from '@auditlogin/postgres';
import { Client as Sdk, type Event } from '@retracedhq/retraced';
import pg from 'pg';
import { loginEvent } from './login-event.js';
import { report, start } from './processes.js';

// Measures how fast a number of relays publish the events of many instances to a slow audit log.
const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const { ENGINE, API_BASE } = process.env;
const INSTANCES = 24;
const BULK = 50;
const IN_FLIGHT = 4;
const DELAY = '100';
const URL = process.env['AUDITLOG_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1/postgres';
const NATS = { servers: (process.env['AUDITLOG_NATS'] ?? '127.0.0.1:4222').split(','), stream: 'AUDITLOGIN_BENCH', replicas: 1 };

function open(): SharedSpool {
  return ENGINE === 'postgres' ? postgresSpool({ connection: URL }) : jetStreamSpool(NATS);
}

async function init(): Promise<void> {
  if (ENGINE === 'jetstream') return initJetStream(NATS);
  const client = new pg.Client({ connectionString: URL });
  await client.connect();
  await migrate(client);
  await client.end();
}

async function fill(spool: SharedSpool): Promise<void> {
  for (let done = 0; done < work; done += 200) {
    const events = Array.from({ length: Math.min(200, work - done) }, (_, index) =>
      serialise({ ...normaliseEvent(loginEvent(done + index) as never), external_id: eventId(Date.now()) }),
    );
    await spool.appendAll(events, `bench-${(done / 200) % INSTANCES}`);
  }
}

async function throughRelays(count: number, apiBase: string): Promise<number> {
  await init();
  const spool = open();
  await spool.refresh();
  if (spool.size().events > 0) throw new Error('the engine is not empty');
  await fill(spool);
  const relays = await Promise.all(Array.from({ length: count }, () => start('relays.js', { API_BASE: apiBase })));
  const began = performance.now();
  for (const { child } of relays) child.send('go');
  do {
    await new Promise((resolve) => setTimeout(resolve, 25));
    await spool.refresh();
  } while (spool.size().events > 0);
  const took = performance.now() - began;
  let verified = 0;
  for (const { child } of relays) {
    child.send('stop');
    verified += ((await once(child, 'message')) as [number])[0];
  }
  if (verified < work) throw new Error(`${work - verified} of ${work} events were not verified`);
  await spool.close();
  return took;
}

/** The official SDK's bulk call in one process, with as many calls in flight as a relay. */
async function throughSdk(apiBase: string): Promise<number> {
  const client = new Sdk({ apiKey: 't', projectId: 'dev', endpoint: apiBase });
  let next = 0;
  const began = performance.now();
  const lane = async (): Promise<void> => {
    while (next < work) await client.reportEvents(Array.from({ length: BULK }, () => loginEvent((next += 1)) as unknown as Event));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return performance.now() - began;
}

if (API_BASE === undefined) {
  const { child: log, said } = await start<{ port: number }>('audit-server.js', { DELAY });
  const apiBase = `http://127.0.0.1:${said.port}`;
  const relays = /^relays-(\d+)$/.exec(side)?.[1];
  // The limit: what this number of calls in flight can carry.
  const least = (work / (IN_FLIGHT * BULK)) * Number(DELAY);
  const took =
    side === 'limit'
      ? least
      : relays === undefined && side === 'peer'
        ? await throughSdk(apiBase)
        : await throughRelays(Number(relays ?? 1), apiBase);
  report({ value: (took / work) * 1_000, events_per_second: Math.round((work / took) * 1_000) });
  log.disconnect();
  process.exit();
}
process.once('message', () => {
  const publish = { concurrency: IN_FLIGHT, batchSize: BULK };
  const relay = createRelay({ apiBase: API_BASE, project: 'dev', token: 't', engine: open(), publish, poll: 25 });
  process.once('message', () => {
    const { verified } = relay.stats();
    void relay.close().then(() => process.send?.(verified, () => process.exit()));
  });
});
process.send?.({ ready: true });
