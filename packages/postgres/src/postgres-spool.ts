import { randomUUID } from 'node:crypto';
import { AuditError } from '@auditlogin/core';
import { createInFlight, createSpoolCounter, refusalOf, type SharedSpool, spooledEvent, type SpooledEvent } from '@auditlogin/core/engine';
import { DatabaseError, Pool, type PoolConfig } from 'pg';

/** Options of {@link postgresSpool}. */
export interface PostgresSpoolOptions {
  /**
   * Where the database is, as `pg` takes it: a connection string, or an object with host, database, ssl and so on.
   * @default the PG… variables of the environment
   */
  connection?: string | PoolConfig;
  /** The most events that wait before no more are taken; counted from time to time, so it may be passed a little. @default 10000000 */
  maxEvents?: number;
  /** How long the events of a relay that does not answer any more stay with it, in milliseconds. @default 30000 */
  lease?: number;
  /** How long the database may take for an answer, in milliseconds. @default 10000 */
  timeout?: number;
}

interface Row {
  seq: string;
  instance: string;
  body: string;
  queued_at: string;
  in_doubt: boolean;
  crashes: number;
}

/** From how many processes a batch may come that does not get full from fewer. The one that waits longest comes first, so nobody waits for one that has much to say. */
const INSTANCES_A_BATCH = 8;
/** Up to here what waits is counted; beyond that it is estimated from the places, since counting costs as much as there is. */
const COUNTED = 1_000;
/** How long a process that has nothing to publish is remembered. */
const FORGET_AFTER = '1 hour';
/** How often such processes are looked for, in milliseconds. */
const FORGET_PERIOD = 60_000;
/** How long a count of what waits is good enough to judge by whether there is room, in milliseconds. */
const COUNT_GOOD_FOR = 5_000;
const RETRY_WAIT = 500;

const APPEND = `
WITH instance AS (
  INSERT INTO auditlogin_instances (instance) VALUES ($1)
  ON CONFLICT (instance) DO UPDATE SET seen = now() WHERE auditlogin_instances.seen < now() - interval '10 minutes'
)
INSERT INTO auditlogin_outbox (id, instance, body, bytes, is_failure, queued_at)
SELECT id, $1, body, bytes, is_failure, $6
FROM unnest($2::text[], $3::text[], $4::integer[], $5::boolean[]) WITH ORDINALITY AS event (id, body, bytes, is_failure, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING`;

/**
 * A lease on a process, and not on its events, keeps their order: while it lasts nobody takes more of them. What is handed out is written down in the same
 * statement (`taken_to`), so that an event that ends relays is found out.
 */
const TAKE = `
WITH free AS (
  SELECT instance, turn, taken_to AS left_to FROM auditlogin_instances i
  WHERE (taken_until IS NULL OR taken_until < now())
    AND EXISTS (SELECT 1 FROM auditlogin_outbox o WHERE o.instance = i.instance)
  ORDER BY turn LIMIT ${INSTANCES_A_BATCH} FOR UPDATE SKIP LOCKED
), batch AS (
  SELECT event.*, free.turn, free.left_to
  FROM free CROSS JOIN LATERAL (SELECT * FROM auditlogin_outbox o WHERE o.instance = free.instance ORDER BY seq LIMIT $1) AS event
  ORDER BY free.turn, event.instance, event.seq LIMIT $1
), taken AS (
  UPDATE auditlogin_instances i
  SET taken_by = $2, taken_until = now() + $3 * interval '1 ms', turn = nextval('auditlogin_turn'), taken_to = last.seq
  FROM (SELECT instance, max(seq) AS seq FROM batch GROUP BY instance) AS last WHERE i.instance = last.instance
), crashed AS (
  UPDATE auditlogin_outbox o SET in_doubt = true, crashes = o.crashes + 1 FROM batch WHERE o.seq = batch.seq AND batch.seq <= batch.left_to
)
SELECT seq, instance, body, queued_at, in_doubt OR coalesce(seq <= left_to, false) AS in_doubt,
  crashes + CASE WHEN seq <= left_to THEN 1 ELSE 0 END AS crashes
FROM batch ORDER BY turn, instance, seq`;

const FORGET = `
DELETE FROM auditlogin_instances i WHERE seen < now() - $1::interval AND taken_by IS NULL
  AND NOT EXISTS (SELECT 1 FROM auditlogin_outbox o WHERE o.instance = i.instance)`;

const LET_GO = `UPDATE auditlogin_instances SET taken_by = NULL, taken_until = NULL, taken_to = NULL WHERE taken_by = $1 AND instance = ANY($2)`;

/**
 * A spool in PostgreSQL, shared by all processes that reach it: an outbox that relays empty. The tables come from {@link migrate}. An event counts as taken when the
 * database has committed it.
 *
 * @param options where it is
 */
export function postgresSpool(options: PostgresSpoolOptions = {}): SharedSpool {
  const { connection = {}, maxEvents = 10_000_000, lease = 30_000, timeout = 10_000 } = options;
  const pool = new Pool({
    max: 5,
    application_name: 'auditlogin',
    keepAlive: true,
    connectionTimeoutMillis: Math.min(timeout, 5_000),
    query_timeout: timeout,
    ...(typeof connection === 'string' ? { connectionString: connection } : connection),
  });
  // An idle connection that breaks is replaced; whoever needs one hears of it.
  pool.on('error', () => undefined);
  const relay = randomUUID();
  const counter = createSpoolCounter();
  const inFlight = createInFlight();
  const home = randomUUID();
  let countedAt = 0;
  let forgotAt = 0;
  let isDry = false;
  let isClosed = false;
  let isClosing = false;
  const renewal = setInterval(() => void renew().catch(() => undefined), lease / 3).unref();

  async function ask<R>(text: string, values: unknown[] = []): Promise<R[]> {
    if (isClosed) throw new AuditError('ERR_AUDIT_CLOSED', 'The spool in PostgreSQL is closed.');
    try {
      return (await pool.query(text, values)).rows as R[];
    } catch (thrown) {
      throw engineError(thrown);
    }
  }

  /** What arrived must not stay in the outbox because the database was away for a moment: tried until it is done. */
  async function askUntilDone(text: string, values: unknown[]): Promise<void> {
    for (;;) {
      try {
        await ask(text, values);
        return;
      } catch (thrown) {
        if (isClosing) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  async function renew(): Promise<void> {
    if (inFlight.size() === 0) return;
    await ask(`UPDATE auditlogin_instances SET taken_until = now() + $3 * interval '1 ms' WHERE taken_by = $1 AND instance = ANY($2)`, [
      relay,
      inFlight.instances(),
      lease,
    ]);
  }

  async function letGo(events: readonly SpooledEvent[]): Promise<void> {
    const free = inFlight.leave(events.map(({ seq }) => seq));
    isDry = false;
    if (free.length > 0) await askUntilDone(LET_GO, [relay, free]);
  }

  async function count(): Promise<void> {
    const [found] = await ask<Record<'events' | 'bytes' | 'failures' | 'span' | 'set_aside', string>>(
      `SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes, count(*) FILTER (WHERE is_failure) AS failures,
         (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM auditlogin_outbox) AS span,
         (SELECT count(*) FROM auditlogin_set_aside) AS set_aside
       FROM (SELECT bytes, is_failure FROM auditlogin_outbox LIMIT ${COUNTED}) AS counted`,
    );
    const [counted, span] = [Number(found!.events), Number(found!.span)];
    const factor = counted < COUNTED ? 1 : span / counted;
    counter.size.events = Math.round(counted * factor);
    counter.size.bytes = Math.round(Number(found!.bytes) * factor);
    counter.size.failures = Math.round(Number(found!.failures) * factor);
    counter.size.setAside = Number(found!.set_aside);
    countedAt = Date.now();
  }

  async function appendAll(events: Parameters<SharedSpool['appendAll']>[0], instance: string): Promise<void> {
    if (events.length === 0) return;
    if (Date.now() - countedAt > COUNT_GOOD_FOR) await count();
    const [last] = events.slice(-1);
    const refusal = refusalOf(
      last!,
      { ...counter.size, events: counter.size.events + events.length - 1 },
      { maxEvents, maxBytes: Number.MAX_SAFE_INTEGER },
    );
    if (refusal) throw refusal;
    await ask(APPEND, [
      instance,
      events.map(({ id }) => id),
      events.map(({ body }) => body),
      events.map(({ bytes }) => bytes),
      events.map(({ isFailure }) => isFailure),
      Date.now(),
    ]);
    for (const event of events) counter.add(event);
    isDry = false;
  }

  return {
    engine: 'postgres',
    isDurable: true,
    append: (event) => appendAll([event], home),
    appendAll,
    async refresh() {
      await count();
      isDry = false;
      if (Date.now() - forgotAt < FORGET_PERIOD) return;
      forgotAt = Date.now();
      await ask(FORGET, [FORGET_AFTER]);
    },
    async peek(limit) {
      const rows = await ask<Row>(TAKE, [limit, relay, lease]);
      isDry = rows.length === 0;
      for (const { instance, seq } of rows) inFlight.take(instance, [Number(seq)]);
      return rows.map(({ seq, body, queued_at, in_doubt, crashes }) =>
        spooledEvent({ seq: Number(seq), body, queuedAt: Number(queued_at), inDoubt: in_doubt, crashes: Number(crashes) }),
      );
    },
    /** Written down when they were handed out. */
    begin: () => Promise.resolve(),
    async release(events, inDoubt) {
      if (inDoubt) await askUntilDone('UPDATE auditlogin_outbox SET in_doubt = true WHERE seq = ANY($1)', [events.map(({ seq }) => seq)]);
      await letGo(events);
    },
    async settle(settled) {
      const events = settled.map(({ event }) => event);
      await askUntilDone('DELETE FROM auditlogin_outbox WHERE seq = ANY($1)', [events.map(({ seq }) => seq)]);
      for (const event of events) counter.remove(event);
      await letGo(events);
    },
    async setAside(event, reason) {
      await askUntilDone(
        `WITH gone AS (DELETE FROM auditlogin_outbox WHERE seq = $1 RETURNING seq, id, instance, body)
         INSERT INTO auditlogin_set_aside (seq, id, instance, body, reason) SELECT seq, id, instance, body, $2 FROM gone`,
        [event.seq, reason],
      );
      counter.remove(event);
      counter.size.setAside += 1;
      await letGo([event]);
    },
    size: () => ({ ...counter.size }),
    waiting: () => (isDry ? 0 : Math.max(0, counter.size.events - inFlight.size())),
    async close() {
      if (isClosing) return;
      isClosing = true;
      clearInterval(renewal);
      if (inFlight.size() > 0) await ask(LET_GO, [relay, inFlight.instances()]).catch(() => undefined);
      isClosed = true;
      await pool.end();
    },
  };
}

/** Of what the driver throws only what says what is wrong: a connection string has a password in it. */
function engineError(thrown: unknown): AuditError {
  const { code } = thrown as { code?: unknown };
  const why =
    thrown instanceof DatabaseError ? `${thrown.message} (${thrown.code ?? 'no code'})` : typeof code === 'string' ? code : 'no answer';
  const hint = code === '42P01' ? ' Its tables are missing: run "auditlogin engine init", or migrate() of @auditlogin/postgres.' : '';
  return new AuditError('ERR_AUDIT_ENGINE', `PostgreSQL failed: ${why}.${hint}`);
}
