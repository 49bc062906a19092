import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { destinationOf, localEventsIn } from '@auditlogin/core/log';
import type { SharedSpool } from '@auditlogin/core/engine';
import { initJetStream, jetStreamSpool } from '@auditlogin/jetstream';
import { migrate, postgresSpool } from '@auditlogin/postgres';
import { Client } from 'pg';
import { type FaultServer, startFaultServer } from '@auditlogin/testing/contract';
import { noNats, noPostgres, startNats, startPostgres, type TestServer } from '../engines/servers.js';
import { expectStored, killAll, moody, People, start, startApp, type Started } from './application.js';
import { ROUNDS } from './rounds.js';

/** How long processes are killed, in seconds: two minutes in `npm run test:faults`. */
const CHAOS = ROUNDS > 4 ? 120 : 12;
/** How long the engine is gone, in seconds: a minute in `npm run test:faults`. */
const OUTAGE = ROUNDS > 4 ? 60 : 5;
const DRAIN = 120_000;
const CLI = join(__dirname, '..', '..', 'packages', 'cli', 'dist', 'esm', 'cli.js');

interface Engine {
  nodes: TestServer[];
  env: Record<string, string>;
  flags: string[];
  spool(): SharedSpool;
  stop(): Promise<unknown>;
}

async function postgres(): Promise<Engine> {
  const server = await startPostgres();
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await migrate(client);
  await client.end();
  return {
    nodes: [server],
    env: { POSTGRES_URL: server.url },
    flags: ['--postgres-url', server.url],
    spool: () => postgresSpool({ connection: server.url }),
    stop: () => server.stop(),
  };
}

async function jetStream(): Promise<Engine> {
  const cluster = await startNats(3);
  // The nodes must elect a leader first.
  for (let tries = 0; ; tries += 1) {
    try {
      await initJetStream({ servers: cluster.servers, timeout: 2_000 });
      break;
    } catch (thrown) {
      if (tries > 30) throw thrown;
      await pause(500);
    }
  }
  const servers = cluster.servers.join(',');
  return {
    nodes: cluster.nodes,
    env: { NATS_SERVERS: servers, REPLICAS: '3' },
    flags: ['--nats', servers],
    spool: () => jetStreamSpool({ servers: cluster.servers }),
    stop: () => cluster.stop(),
  };
}

const ENGINES: [string, string | undefined, string, () => Promise<Engine>][] = [
  ['PostgreSQL', noPostgres, 'postgres:', postgres],
  ['a JetStream of three nodes', noNats, 'jetstream:', jetStream],
];

for (const [name, missing, apiBase, open] of ENGINES) {
  if (missing) console.warn(`Skipped: killing applications and relays around ${name}, since ${missing}.`);
  (missing ? describe.skip : describe)(`with ${name}`, () => {
    const destination = destinationOf({ apiBase, project: 'engine' });
    let server: FaultServer;
    let engine: Engine;
    let directory: string;
    let people: People;
    let spool: SharedSpool;
    beforeEach(async () => {
      [server, engine] = await Promise.all([startFaultServer(), open()]);
      directory = mkdtempSync(join(tmpdir(), 'auditlogin-engines-'));
      people = new People();
      spool = engine.spool();
    }, 60_000);
    afterEach(async () => {
      killAll();
      await spool.close();
      await engine.stop();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    });

    const app = (slot: string): Promise<Started> => {
      const place = join(directory, slot);
      mkdirSync(place, { recursive: true });
      return startApp({ ...engine.env, SPOOL_DIR: place, DURABILITY: 'before-response', MAX_EVENTS: '200000' });
    };
    const relay = (): Promise<Started> =>
      start(
        [CLI, 'relay', ...engine.flags, '--listen', '127.0.0.1:0', '--lease', '3s', '--backoff-max', '500ms', '--index-lag', '1ms'],
        { NO_COLOR: '1', AUDITLOG_API_BASE: server.apiBase, AUDITLOG_API_PROJECT: 'dev', AUDITLOG_API_TOKEN: 't' },
        /(http:\S+)\/healthz/,
      );

    /** Waits until all waiting events have arrived, and asserts that a new event arrives, too. */
    async function drained(apps: readonly Started[], owed: string[]): Promise<void> {
      server.always = undefined;
      owed.push((await people.logIn(apps[0]!.said))!);
      const waiting = async (): Promise<number[]> => {
        const stats = apps.map(
          async ({ said }) => ((await (await fetch(`http://127.0.0.1:${said}/stats`)).json()) as { waiting: number }).waiting,
        );
        await spool.refresh();
        return [...(await Promise.all(stats)), spool.size().events];
      };
      for (const due = Date.now() + DRAIN; Date.now() < due; await pause(200)) {
        const left = await waiting().catch(() => [1]);
        if (left.every((count) => count === 0)) break;
      }
      expect(await waiting()).toEqual([...apps.map(() => 0), 0]);
    }

    it(
      `publishes every login that was answered while applications, relays and nodes are killed at random for ${CHAOS} s`,
      async () => {
        const owed: string[] = [];
        let isGoing = true;
        server.always = moody;
        const slots = new Map<string, Started>();
        const startSlot = async (slot: string): Promise<void> => {
          const started = await (slot.startsWith('app') ? app(slot) : relay());
          slots.set(slot, started);
          if (slot.startsWith('app')) loads.push(people.load(started.said, 20, () => isGoing).then((ids) => void owed.push(...ids)));
        };
        const loads: Promise<void>[] = [];
        await Promise.all(['app-1', 'app-2', 'app-3', 'relay-1', 'relay-2'].map(startSlot));
        let kills = 0;
        for (const due = Date.now() + CHAOS * 1_000; Date.now() < due; kills += 1) {
          await pause(300 + Math.random() * 1_000);
          const victims = [...slots.keys(), ...engine.nodes];
          const victim = victims[Math.floor(Math.random() * victims.length)]!;
          if (typeof victim === 'string') {
            await slots.get(victim)!.kill('SIGKILL');
            await pause(Math.random() * 1_000);
            await startSlot(victim);
          } else {
            await victim.kill();
            await pause(500 + Math.random() * 1_000);
            await victim.restart();
          }
        }
        isGoing = false;
        await Promise.all(loads);
        const apps = [...slots].filter(([slot]) => slot.startsWith('app')).map(([, started]) => started);
        await drained(apps, owed);
        expectStored(server, owed, people.sent);
        for (const started of slots.values()) expect(await started.kill('SIGTERM')).toBe(0);
        for (const slot of ['app-1', 'app-2', 'app-3']) expect(localEventsIn(join(directory, slot)).get(destination) ?? []).toEqual([]);
        expect(owed.length).toBeGreaterThan(CHAOS * 10);
        const copies = server.stored.length - new Set(server.stored.map(({ external_id }) => external_id)).size;
        console.info(`${name}: ${kills} kills, ${owed.length} logins answered, 0 missing, ${copies} copies with the same external_id`);
      },
      CHAOS * 1_000 + DRAIN + 60_000,
    );

    it(
      `loses no login while the engine is gone for ${OUTAGE} s, and catches up afterwards`,
      async () => {
        const [first, working] = await Promise.all([app('app-1'), relay()]);
        const owed: string[] = [];
        let isGoing = true;
        const loading = people.load(first.said, 50, () => isGoing).then((ids) => void owed.push(...ids));
        await pause(1_000);
        await Promise.all(engine.nodes.map((node) => node.kill()));
        const before = people.sent.size;
        await pause(OUTAGE * 1_000);
        const during = people.sent.size - before;
        expect((await fetch(`${working.said}/readyz`)).status).toBe(503);
        expect((await fetch(`${working.said}/livez`)).status).toBe(200);
        await Promise.all(engine.nodes.map((node) => node.restart()));
        isGoing = false;
        await loading;
        await drained([first], owed);
        expectStored(server, owed, people.sent);
        // No login was refused meanwhile.
        expect(owed.length).toBe(people.sent.size);
        expect(during).toBeGreaterThan(OUTAGE * 10);
        expect(await working.kill('SIGTERM')).toBe(0);
      },
      OUTAGE * 1_000 + DRAIN + 60_000,
    );
  });
}
