import { randomUUID } from 'node:crypto';
import {
  createInFlight,
  createSpoolCounter,
  readStored,
  refusalOf,
  type SharedSpool,
  type UndeliverableEvent,
} from '@auditlogin/core/engine';
import type { PoolConfig } from 'pg';
import { OutboxConnection } from './outbox-connection.js';
import { APPEND, FORGET, LET_GO, RENEW, SET_ASIDE, TAKE, type TakenRow } from './statements.js';

/** Options of {@link postgresSpool}. */
export interface PostgresSpoolOptions {
  /**
   * The database: a connection string, or an options object of `pg` with host, database, ssl and so on.
   * @default the PG… environment variables
   */
  connection?: string | PoolConfig;
  /**
   * The most events that wait; further events are refused. Events are counted every few seconds, so the limit may be exceeded a little. @default
   * 10000000
   */
  maxEvents?: number;
  /** After this time without a sign of life from a relay, other relays take over its events, in milliseconds. @default 30000 */
  lease?: number;
  /** How long a query may take, in milliseconds. @default 10000 */
  timeout?: number;
}

/** Up to this number, waiting events are counted exactly. Beyond it their number is estimated, since the cost of counting grows with the number of rows. */
const COUNTED = 1_000;
/** An instance without events is forgotten after this time. */
const FORGET_AFTER = '1 hour';
/** How often such instances are deleted, in milliseconds. */
const FORGET_PERIOD = 60_000;
/** How long a count of the waiting events is used to decide whether there is room, in milliseconds. */
const COUNT_GOOD_FOR = 5_000;

/**
 * Creates a spool in PostgreSQL, shared by all processes that use the same database: an outbox that relays drain. {@link migrate} creates its tables.
 * An event is stored when the database has committed it.
 *
 * @param options database and limits
 */
export function postgresSpool(options: PostgresSpoolOptions = {}): SharedSpool {
  const { connection = {}, maxEvents = 10_000_000, lease = 30_000, timeout = 10_000 } = options;
  const database = new OutboxConnection(connection, timeout);
  const relay = randomUUID();
  const counter = createSpoolCounter();
  const inFlight = createInFlight();
  const home = randomUUID();
  let countedAt = Number.NEGATIVE_INFINITY;
  let forgotAt = Number.NEGATIVE_INFINITY;
  let isDry = false;
  const renewal = setInterval(() => void renew().catch(() => undefined), lease / 3).unref();

  async function renew(): Promise<void> {
    if (inFlight.size() === 0) return;
    await database.ask(RENEW, [relay, inFlight.instances(), lease]);
  }

  async function letGo(events: readonly UndeliverableEvent[]): Promise<void> {
    const free = inFlight.leave(events.map(({ seq }) => seq));
    isDry = false;
    if (free.length > 0) await database.askUntilDone(LET_GO, [relay, free]);
  }

  async function count(): Promise<void> {
    const [found] = await database.ask<Record<'events' | 'bytes' | 'span' | 'set_aside', string>>(
      `SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes,
         (SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM auditlogin_outbox) AS span,
         (SELECT count(*) FROM auditlogin_set_aside) AS set_aside
       FROM (SELECT bytes FROM auditlogin_outbox LIMIT ${COUNTED}) AS counted`,
    );
    const [counted, span] = [Number(found!.events), Number(found!.span)];
    const factor = counted < COUNTED ? 1 : span / counted;
    counter.size.events = Math.round(counted * factor);
    counter.size.bytes = Math.round(Number(found!.bytes) * factor);
    counter.size.setAside = Number(found!.set_aside);
    countedAt = performance.now();
  }

  async function appendAll(events: Parameters<SharedSpool['appendAll']>[0], instance: string): Promise<void> {
    if (events.length === 0) return;
    if (performance.now() - countedAt > COUNT_GOOD_FOR) await count();
    const [last] = events.slice(-1);
    const refusal = refusalOf(
      last!,
      { ...counter.size, events: counter.size.events + events.length - 1 },
      { maxEvents, maxBytes: Number.MAX_SAFE_INTEGER },
    );
    if (refusal) throw refusal;
    await database.ask(APPEND, [
      instance,
      events.map(({ id }) => id),
      events.map(({ body }) => body),
      events.map(({ bytes }) => bytes),
      Date.now(),
    ]);
    for (const event of events) counter.add(event);
    isDry = false;
  }

  async function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    await database.askUntilDone(SET_ASIDE, [event.seq, reason]);
    counter.remove(event);
    counter.size.setAside += 1;
    await letGo([event]);
  }

  return {
    engine: 'postgres',
    isDurable: true,
    append: (event) => appendAll([event], home),
    appendAll,
    async refresh() {
      await count();
      isDry = false;
      if (performance.now() - forgotAt < FORGET_PERIOD) return;
      forgotAt = performance.now();
      await database.ask(FORGET, [FORGET_AFTER]);
    },
    async peek(limit) {
      const rows = await database.ask<TakenRow>(TAKE, [limit, relay, lease]);
      isDry = rows.length === 0;
      for (const { instance, seq } of rows) inFlight.take(instance, [Number(seq)]);
      const { events, unreadable } = readStored(
        rows.map(({ seq, body, queued_at, in_doubt, crashes }) => ({
          seq: Number(seq),
          body,
          queuedAt: Number(queued_at),
          inDoubt: in_doubt,
          crashes: Number(crashes),
        })),
      );
      for (const event of unreadable) await deadLetter(event, event.reason);
      return events;
    },
    /** `peek` has already recorded the events as in flight. */
    begin: () => Promise.resolve(),
    async release(events, inDoubt) {
      if (inDoubt)
        await database.askUntilDone('UPDATE auditlogin_outbox SET in_doubt = true WHERE seq = ANY($1)', [events.map(({ seq }) => seq)]);
      await letGo(events);
    },
    async settle(settled) {
      const events = settled.map(({ event }) => event);
      await database.askUntilDone('DELETE FROM auditlogin_outbox WHERE seq = ANY($1)', [events.map(({ seq }) => seq)]);
      for (const event of events) counter.remove(event);
      await letGo(events);
    },
    deadLetter,
    size: () => ({ ...counter.size }),
    waiting: () => (isDry ? 0 : Math.max(0, counter.size.events - inFlight.size())),
    async close() {
      clearInterval(renewal);
      await database.close(inFlight.size() > 0 ? () => database.ask(LET_GO, [relay, inFlight.instances()]) : undefined);
    },
  };
}
