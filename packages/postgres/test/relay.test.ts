import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createRelay, type Relay, type RelayOptions } from '@auditlogin/core';
import { Client } from 'pg';
import { answer, type FaultServer, spoolEvent, startFaultServer } from '@auditlogin/testing/contract';
import { noPostgres, startPostgres, type TestServer } from '../../../test/engines/servers.js';
import { moody } from '../../../test/faults/application.js';
import { migrate, postgresSpool } from '../src/index.js';

if (noPostgres) console.warn(`Skipped: relays over PostgreSQL, since ${noPostgres}.`);

(noPostgres ? describe.skip : describe)('relays over PostgreSQL', () => {
  let postgres: TestServer & { url: string };
  let log: FaultServer;
  const relays: Relay[] = [];
  beforeAll(async () => (postgres = await startPostgres()), 60_000);
  afterAll(() => postgres?.stop());
  beforeEach(async () => {
    log = await startFaultServer();
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('DROP TABLE IF EXISTS auditlogin_outbox, auditlogin_instances, auditlogin_set_aside');
    await migrate(client);
    await client.end();
  });
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.close();
    await log.close();
  });

  const open = () => postgresSpool({ connection: postgres.url });
  const silent = { warn: () => undefined, error: () => undefined };
  function relay(more: Partial<RelayOptions> = {}): Relay {
    const publish = { backoffMin: 1, backoffMax: 20, timeout: 1_000, indexLag: 1, inDoubt: 'reconcile' as const };
    relays.push(
      createRelay({ apiBase: log.apiBase, project: 'dev', token: 't', engine: open(), publish, poll: 10, logger: silent, ...more }),
    );
    return relays.at(-1)!;
  }
  async function until(holds: () => boolean): Promise<void> {
    for (const due = Date.now() + 30_000; !holds() && Date.now() < due;) await pause(10);
    expect(holds()).toBe(true);
  }

  it('publishes the events of every instance once and in order, with two relays and a log that fails at times', async () => {
    log.always = moody;
    const app = open();
    const instances = ['one', 'two', 'three', 'four'];
    relay();
    relay();
    for (let number = 0; number < 300; number += 20) {
      for (const instance of instances) {
        const events = Array.from({ length: 20 }, (_, index) => spoolEvent(`${instance}-${String(number + index).padStart(4, '0')}`));
        await app.appendAll(events, instance);
      }
    }
    await until(() => new Set(log.stored.map(({ external_id }) => external_id)).size === 1_200);
    const ids = log.stored.map(({ external_id }) => external_id!);
    expect(ids).toHaveLength(1_200);
    for (const instance of instances) {
      const own = ids.filter((id) => id.startsWith(`${instance}-`));
      expect(own).toEqual([...own].sort());
    }
    await until(() => relays.reduce((sum, one) => sum + one.stats().verified, 0) === 1_200);
    await app.close();
  });

  it('sets aside an event that the log refuses, with the reason, and publishes the others', async () => {
    log.always = ({ events }, response, store) =>
      events.some(({ external_id }) => external_id === 'bad')
        ? answer(response, 400, { status: 400, error: 'no bad ones', type: 'Error' })
        : answer(response, 201, store());
    const app = open();
    await app.appendAll(
      ['a', 'bad', 'c'].map((id) => spoolEvent(id)),
      'one',
    );
    const dropped: string[] = [];
    const working = relay({ onDrop: (event) => dropped.push(event.external_id!) });
    await until(() => working.stats().verified === 2 && working.stats().setAside === 1);
    expect(dropped).toEqual(['bad']);
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    const { rows } = await client.query<{ id: string; reason: string }>('SELECT id, reason FROM auditlogin_set_aside');
    await client.end();
    expect(rows).toEqual([{ id: 'bad', reason: expect.stringContaining('no bad ones') }]);
    await app.close();
  });

  it.each([
    ['of the same instance', ['one']],
    ['of other instances', ['one', 'two', 'three']],
  ])('publishes the events behind one that a firewall refuses, %s', async (_which, instances) => {
    log.always = ({ events }, response, store) =>
      events.some(({ external_id }) => external_id === 'one-bad')
        ? answer(response, 403, '<h1>Blocked</h1>')
        : answer(response, 201, store());
    const app = open();
    for (const instance of instances) {
      const names = [...(instance === 'one' ? ['bad'] : []), ...Array.from({ length: 30 }, (_, index) => `${index}`)];
      await app.appendAll(
        names.map((name) => spoolEvent(`${instance}-${name}`)),
        instance,
      );
    }
    const working = relay();
    await until(() => working.stats().verified === 30 * instances.length);
    await until(() => working.stats().setAside === 1);
    expect(log.stored.map(({ external_id }) => external_id)).not.toContain('one-bad');
    await app.close();
  });

  it('finishes the calls in flight and releases the other events when it is closed', async () => {
    const app = open();
    await app.appendAll(
      Array.from({ length: 120 }, (_, index) => spoolEvent(`e${String(index).padStart(3, '0')}`)),
      'one',
    );
    let hasCome = false;
    log.always = (_, response, store) => {
      hasCome = true;
      setTimeout(() => answer(response, 201, store()), 100);
    };
    const first = relay();
    await until(() => hasCome);
    await first.close();
    expect(first.stats().verified).toBe(50);
    expect(log.stored).toHaveLength(50);
    log.always = undefined;
    const began = relay();
    await until(() => began.stats().verified === 70);
    expect(log.stored.map(({ external_id }) => external_id)).toEqual([...log.stored.map(({ external_id }) => external_id!)].sort());
    await app.close();
  });

  it('closes within its time-out if the database is gone, and leaves the events in flight to the next relay', async () => {
    const app = open();
    await app.appendAll([spoolEvent('a')], 'one');
    let hasCome = false;
    log.always = (_, response, store) => {
      hasCome = true;
      setTimeout(() => answer(response, 201, store()), 300);
    };
    const first = relay({ closeTimeout: 1_000, engine: postgresSpool({ connection: postgres.url, lease: 1_000, timeout: 1_000 }) });
    await until(() => hasCome);
    await postgres.kill();
    await first.close();
    expect(log.stored).toHaveLength(1);
    await postgres.restart();
    const next = relay();
    await until(() => next.stats().verified === 1);
    // The relay searched first and found that the event had arrived.
    expect(log.stored).toHaveLength(1);
    await app.close();
  });

  it('reports in health() whether the engine responds, and checks its options', async () => {
    const working = relay();
    await until(() => working.health().engine === 'connected');
    expect(working.health()).toMatchObject({ status: 'ok', spool: 'engine', problems: [] });
    const lost = relay({ engine: postgresSpool({ connection: 'postgres://x@127.0.0.1:1/x', timeout: 500 }) });
    await until(() => lost.health().engine === 'unreachable');
    expect(lost.health()).toMatchObject({ status: 'degraded', problems: ['the engine cannot be reached'] });
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const waits = relay({ engine: postgresSpool({ connection: `postgres://x@127.0.0.1:${port}/x` }) });
    await until(() => waits.health().engine === 'unreachable');
    // The engine's own time-out comes later.
    expect(waits.health().lastError).toBeUndefined();
    silent.close();
    expect(() => createRelay({ engine: open(), pol: 5 } as never)).toThrow(/Unknown option "pol"; did you mean "poll"/);
    expect(() => createRelay({ engine: {} as never })).toThrow(/Option "engine"/);
  });
});
