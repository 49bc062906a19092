import { randomUUID } from 'node:crypto';
import { createAuditor, isAuditError } from '@auditlogin/core';
import { Client, Pool } from 'pg';
import { settle, sharedSpoolContract, spoolContract, spoolEvent } from '@auditlogin/testing/contract';
import { noPostgres, startPostgres, type TestServer } from '../../../test/engines/servers.js';
import { takeAndDie } from '../../../test/engines/taker.js';
import { runContract } from '../../../test/run-contract.js';
import { migrate, postgresSpool, reportIn } from '../src/index.js';

if (noPostgres) console.warn(`Skipped: the spool in PostgreSQL, since ${noPostgres}.`);

(noPostgres ? describe.skip : describe)('PostgreSQL', () => {
  let server: TestServer & { url: string };
  beforeAll(async () => (server = await startPostgres()), 60_000);
  afterAll(() => server?.stop());

  /** Creates an empty outbox. */
  async function fresh(): Promise<void> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('DROP TABLE IF EXISTS auditlogin_outbox, auditlogin_instances, auditlogin_set_aside');
    await migrate(client);
    await client.end();
  }
  const open = (lease = 1_000) => postgresSpool({ connection: server.url, maxEvents: 10, lease });

  runContract('the spool contract', spoolContract({ open: async () => (await fresh(), open(30_000)), isOneBatchAtATime: true }));
  runContract(
    'the contract of shared spools',
    sharedSpoolContract({
      reset: fresh,
      open: () => postgresSpool({ connection: server.url, lease: 1_000 }),
      takeAndDie: (limit) => takeAndDie({ POSTGRES_URL: server.url }, limit),
      async putRaw(body, instance) {
        const client = new Client({ connectionString: server.url });
        await client.connect();
        await client.query(`INSERT INTO auditlogin_outbox (id, instance, body, bytes, queued_at) VALUES ($1, $2, $3, 1, 0)`, [
          randomUUID(),
          instance,
          body,
        ]);
        await client.end();
      },
    }),
  );

  it('changes nothing if the migration runs again, or twice at once', async () => {
    await fresh();
    const spool = open();
    await spool.append(spoolEvent('a'));
    const clients = [new Client({ connectionString: server.url }), new Client({ connectionString: server.url })];
    for (const client of clients) await client.connect();
    await Promise.all(clients.map((client) => migrate(client)));
    for (const client of clients) await client.end();
    expect(await spool.peek(1)).toHaveLength(1);
    await spool.close();
  });

  it("stores an event when the caller's own transaction commits, and only then", async () => {
    await fresh();
    const pool = new Pool({ connectionString: server.url });
    const client = await pool.connect();
    const event = { action: 'user.password.change', actor: { id: 7 } };
    await client.query('BEGIN');
    await reportIn(client, event);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    const id = await reportIn(client, event);
    const spool = open();
    expect(await spool.peek(10)).toEqual([]);
    await client.query('COMMIT');
    const taken = await spool.peek(10);
    expect(taken.map((one) => one.id)).toEqual([id]);
    await settle(spool, taken);
    client.release();
    await pool.end();
    await spool.close();
  });

  it('says what to do if the tables or the database are missing, and never shows the password', async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('DROP TABLE auditlogin_outbox');
    await client.end();
    const spool = open();
    await expect(spool.append(spoolEvent('a'))).rejects.toThrow(/ERR|tables are missing: run "auditlogin engine init"/);
    await spool.close();
    const nowhere = postgresSpool({ connection: 'postgres://u:canary-secret@127.0.0.1:1/x', timeout: 1_000 });
    const thrown: unknown = await nowhere.append(spoolEvent('a')).catch((error: unknown) => error);
    expect(isAuditError(thrown) && thrown.code).toBe('ERR_AUDIT_ENGINE');
    expect(JSON.stringify(thrown) + String((thrown as Error).stack)).not.toContain('canary-secret');
    await nowhere.close();
  });

  it('refuses a token beside an engine, and needs none', async () => {
    await fresh();
    const engine = postgresSpool({ connection: server.url });
    expect(() => createAuditor({ engine, token: 't' })).toThrow(/Option "token" is given beside "engine"/);
    const auditor = createAuditor({ engine, spool: { kind: 'memory' } });
    await auditor.report({ action: 'user.login', actor: { id: 'u' } });
    await auditor.flush();
    expect(auditor.stats()).toMatchObject({ queued: 1, handedOver: 1, published: 0, waiting: 0 });
    const relay = open();
    expect(await relay.peek(5)).toHaveLength(1);
    await relay.close();
    await auditor.close();
  });
});
