import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { createAuditor, isAuditError } from '@auditlogin/core';
import { settle, sharedSpoolContract, spoolContract, spoolEvent } from '@auditlogin/testing/contract';
import { noNats, startNats } from '../../../test/engines/servers.js';
import { takeAndDie } from '../../../test/engines/taker.js';
import { runContract } from '../../../test/run-contract.js';
import { initJetStream, type JetStreamOptions, jetStreamSpool } from '../src/index.js';

if (noNats) console.warn(`Skipped: the spool in JetStream, since ${noNats}.`);

(noNats ? describe.skip : describe)('JetStream', () => {
  let cluster: Awaited<ReturnType<typeof startNats>>;
  let options: JetStreamOptions;
  beforeAll(async () => (cluster = await startNats(1)), 60_000);
  afterAll(() => cluster?.stop());

  async function fresh(more: JetStreamOptions = {}): Promise<void> {
    options = { servers: cluster.servers, replicas: 1, stream: `T${randomUUID().slice(0, 8)}`, lease: 1_000, timeout: 5_000, ...more };
    await initJetStream(options);
  }

  /** Lets the server deliver this many messages to a connection that closes before it reads them. */
  async function loseOnTheWay(count: number): Promise<void> {
    const connection = await connect({ servers: cluster.servers });
    const consumers = jetstream(connection).consumers;
    const [info] = await (await jetstreamManager(connection)).consumers.list(options.stream!).next();
    const consumer = await consumers.get(options.stream!, info!.name);
    for await (const { seq } of await consumer.fetch({ max_messages: count })) expect(seq).toBeGreaterThan(0);
    await connection.close();
  }

  runContract(
    'the spool contract',
    spoolContract({ open: async () => (await fresh({ maxEvents: 10 }), jetStreamSpool(options)), isOneBatchAtATime: true }),
  );
  runContract(
    'the contract of shared spools',
    sharedSpoolContract({
      reset: fresh,
      open: () => jetStreamSpool(options),
      takeAndDie: (limit) => takeAndDie({ NATS_SERVERS: cluster.servers.join(','), REPLICAS: '1', STREAM: options.stream! }, limit),
      async putRaw(body, instance) {
        const connection = await connect({ servers: cluster.servers });
        const about = headers();
        about.set('Auditlogin-Instance', instance);
        await jetstream(connection).publish(`${options.stream}.event.0`, body, { headers: about });
        await connection.close();
      },
    }),
  );

  it('refuses a stream with fewer replicas than required, and says why', async () => {
    await fresh();
    const { servers, stream } = options;
    const usual = { servers: servers!, stream: stream! };
    const spool = jetStreamSpool(usual);
    await expect(spool.append(spoolEvent('a'))).rejects.toThrow(/has 1 replicas; expected 3 or more, since a node acknowledges/);
    await spool.close();
    await expect(initJetStream(usual)).rejects.toThrow(/replicas/);
  });

  it('says what to do if the stream or the server is missing, and never shows the password', async () => {
    const never = jetStreamSpool({ ...options, stream: 'NEVER' });
    await expect(never.append(spoolEvent('a'))).rejects.toThrow(/Run "auditlogin engine init"/);
    await never.close();
    const connection = { user: 'u', pass: 'canary-secret' };
    const nowhere = jetStreamSpool({ servers: ['127.0.0.1:1'], connection, timeout: 300 });
    const thrown: unknown = await nowhere.append(spoolEvent('a')).catch((error: unknown) => error);
    expect(isAuditError(thrown) && thrown.code).toBe('ERR_AUDIT_ENGINE');
    expect(JSON.stringify(thrown) + String((thrown as Error).stack)).not.toContain('canary-secret');
    await nowhere.close();
  });

  it('acknowledges events when the server is back that were published while it was gone', async () => {
    await fresh({ timeout: 500, lease: 10_000 });
    const spool = jetStreamSpool(options);
    await spool.append(spoolEvent('a'));
    const taken = await spool.peek(1);
    await cluster.nodes[0]!.kill();
    const settled = settle(spool, taken);
    await pause(2_000);
    await cluster.nodes[0]!.restart();
    await settled;
    await spool.refresh();
    expect(spool.size()).toMatchObject({ events: 0, setAside: 0 });
    await spool.close();
  });

  it('hands out lost deliveries of the server again, in order', async () => {
    await fresh();
    const spool = jetStreamSpool(options);
    await spool.append(spoolEvent('a'));
    await settle(spool, await spool.peek(1));
    for (const id of ['b', 'c', 'd']) await spool.append(spoolEvent(id));
    await loseOnTheWay(2);
    await spool.refresh();
    const taken = await spool.peek(5);
    expect(taken.map(({ id }) => id)).toEqual(['b', 'c', 'd']);
    await settle(spool, taken);
    await spool.close();
  });

  it('replaces a consumer that does not know what is in the stream', async () => {
    await fresh();
    const spool = jetStreamSpool(options);
    await spool.append(spoolEvent('a'));
    await settle(spool, await spool.peek(1));
    const connection = await connect({ servers: cluster.servers });
    const { consumers } = await jetstreamManager(connection);
    const [info] = await consumers.list(options.stream!).next();
    await consumers.delete(options.stream!, info!.name);
    await consumers.add(options.stream!, { ...info!.config, filter_subject: `${options.stream!}.event.other` });
    await connection.close();
    await spool.append(spoolEvent('b'));
    await spool.refresh();
    const taken = await spool.peek(5);
    expect(taken.map(({ id }) => id)).toEqual(['b']);
    await settle(spool, taken);
    await spool.close();
  });

  it('removes published events even if the consumer that delivered them was lost', async () => {
    await fresh();
    const spool = jetStreamSpool(options);
    await spool.append(spoolEvent('a'));
    const taken = await spool.peek(1);
    const connection = await connect({ servers: cluster.servers });
    const { consumers } = await jetstreamManager(connection);
    const [info] = await consumers.list(options.stream!).next();
    await consumers.delete(options.stream!, info!.name);
    await connection.close();
    await settle(spool, taken);
    await spool.refresh();
    expect(spool.size().events).toBe(0);
    await spool.append(spoolEvent('b'));
    expect((await spool.peek(5)).map(({ id }) => id)).toEqual(['b']);
    await spool.close();
  });

  it('stores events that are set aside in a separate stream, with the reason', async () => {
    await fresh();
    const spool = jetStreamSpool(options);
    await spool.append(spoolEvent('a'));
    const [taken] = await spool.peek(1);
    await spool.deadLetter(taken!, 'refused\r\nX-Forged: 1');
    await spool.refresh();
    expect(spool.size()).toMatchObject({ events: 0, setAside: 1 });
    await spool.close();
  });

  it('takes over the events of an application, which needs no token', async () => {
    await fresh();
    const auditor = createAuditor({ engine: jetStreamSpool(options), spool: { kind: 'memory' } });
    await auditor.report({ action: 'user.login', actor: { id: 'u' } });
    await auditor.flush();
    expect(auditor.stats()).toMatchObject({ queued: 1, handedOver: 1, waiting: 0 });
    const relay = jetStreamSpool(options);
    await relay.refresh();
    const taken = await relay.peek(5);
    expect(taken).toHaveLength(1);
    await settle(relay, taken);
    await relay.close();
    await auditor.close();
  });
});
