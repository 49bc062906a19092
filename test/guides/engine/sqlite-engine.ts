// #region tables
import { randomUUID } from 'node:crypto';
import { AuditError, isAuditError } from '@auditlogin/core';
import {
  createInFlight,
  makeDurable,
  openSqlite,
  readStored,
  refusalOf,
  type SharedSpool,
  type StoredEvent,
  type UndeliverableEvent,
} from '@auditlogin/core/engine';

const TABLES = `
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  instance TEXT NOT NULL,
  body TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  in_doubt INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_order ON outbox (instance, seq);
CREATE TABLE IF NOT EXISTS leases (
  instance TEXT PRIMARY KEY,
  relay TEXT NOT NULL,
  until INTEGER NOT NULL,
  taken_to INTEGER NOT NULL,
  turn INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS dead_letters (id TEXT PRIMARY KEY, body TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL)`;
// #endregion

// #region open
/** Options of {@link sqliteEngine}. */
export interface SqliteEngineOptions {
  /** The database file, which processes of the machine share. */
  file: string;
  /** The most events that wait; further events are refused. @default 1000000 */
  maxEvents?: number;
  /** After this time without a sign of life from a relay, other relays take over its events, in milliseconds. @default 30000 */
  lease?: number;
}

/**
 * Creates a spool in a SQLite file that the processes of a machine share.
 *
 * @param options file and limits
 */
export function sqliteEngine({ file, maxEvents = 1_000_000, lease = 30_000 }: SqliteEngineOptions): SharedSpool {
  const database = openSqlite(file);
  database.exec('PRAGMA busy_timeout = 5000');
  // Reads the setting back, since some builds of SQLite ignore it and would lose events in a power cut.
  makeDurable(database);
  database.exec(TABLES);
  const relay = randomUUID();
  const home = randomUUID();
  const inFlight = createInFlight();
  let isDry = false;
  let isClosed = false;

  /** Runs statements in one transaction. An error of the driver becomes a coded error without any data. */
  function transaction<T>(work: () => T): Promise<T> {
    if (isClosed) return Promise.reject(new AuditError('ERR_AUDIT_CLOSED', 'The spool in SQLite is closed.'));
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = work();
      database.exec('COMMIT');
      return Promise.resolve(result);
    } catch (thrown) {
      if (database.isTransaction) database.exec('ROLLBACK');
      if (isAuditError(thrown)) return Promise.reject(thrown);
      return Promise.reject(new AuditError('ERR_AUDIT_ENGINE', `SQLite failed: ${(thrown as { code?: string }).code ?? 'no code'}.`));
    }
  }
  // #endregion

  // #region append
  const insert = database.prepare(
    'INSERT INTO outbox (id, instance, body, bytes, queued_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
  );

  const appendAll: SharedSpool['appendAll'] = (events, instance) =>
    transaction(() => {
      const held = size();
      for (const event of events) {
        const refusal = refusalOf(event, held, { maxEvents, maxBytes: Number.MAX_SAFE_INTEGER });
        if (refusal) throw refusal;
        held.events += 1;
        insert.run(event.id, instance, event.body, event.bytes, Date.now());
      }
      isDry = false;
    });

  const count = database.prepare(`
    SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes, 0 AS coalesced,
      (SELECT count(*) FROM dead_letters) AS setAside FROM outbox`);
  const size: SharedSpool['size'] = () => ({ ...(count.get() as ReturnType<SharedSpool['size']>) });
  // #endregion

  // #region take
  const nextInstance = database.prepare(`
    SELECT outbox.instance AS instance, coalesce(taken_to, 0) AS takenTo
    FROM outbox LEFT JOIN leases ON leases.instance = outbox.instance
    WHERE until IS NULL OR until < ?
    GROUP BY outbox.instance ORDER BY coalesce(turn, 0), min(seq) LIMIT 1`);
  const markCrashed = database.prepare('UPDATE outbox SET in_doubt = 1, crashes = crashes + 1 WHERE instance = ? AND seq <= ?');
  const oldest = database.prepare(
    'SELECT seq, body, queued_at AS queuedAt, in_doubt AS inDoubt, crashes FROM outbox WHERE instance = ? ORDER BY seq LIMIT ?',
  );
  const takeLease = database.prepare(`
    INSERT INTO leases (instance, relay, until, taken_to, turn) VALUES (?, ?, ?, ?, (SELECT coalesce(max(turn), 0) + 1 FROM leases))
    ON CONFLICT (instance) DO UPDATE
    SET relay = excluded.relay, until = excluded.until, taken_to = excluded.taken_to, turn = excluded.turn`);

  const peek: SharedSpool['peek'] = async (limit) => {
    const { instance, stored } = await transaction(() => {
      const next = nextInstance.get(Date.now()) as { instance: string; takenTo: number } | undefined;
      if (!next) return { instance: '', stored: [] };
      // If the lease was never given back, its relay ended with these events in flight.
      markCrashed.run(next.instance, next.takenTo);
      const rows = oldest.all(next.instance, limit) as unknown as (Omit<StoredEvent, 'inDoubt'> & { inDoubt: number })[];
      const stored = Array.from(rows, (row): StoredEvent => ({ ...row, inDoubt: row.inDoubt === 1 }));
      takeLease.run(next.instance, relay, Date.now() + lease, stored.at(-1)!.seq);
      return { instance: next.instance, stored };
    });
    inFlight.take(
      instance,
      stored.map(({ seq }) => seq),
    );
    isDry = stored.length === 0;
    // A damaged body must not block other events.
    const { events, unreadable } = readStored(stored);
    for (const event of unreadable) await deadLetter(event, event.reason);
    return events;
  };

  const renewLease = database.prepare('UPDATE leases SET until = ? WHERE relay = ? AND until > 0');
  const renew = (): Promise<unknown> => transaction(() => renewLease.run(Date.now() + lease, relay)).catch(() => undefined);
  const renewal = setInterval(() => void renew(), lease / 3).unref();
  // #endregion

  // #region finish
  const remove = database.prepare('DELETE FROM outbox WHERE seq = ?');
  const doubt = database.prepare('UPDATE outbox SET in_doubt = 1 WHERE seq = ?');
  const bury = database.prepare('INSERT OR IGNORE INTO dead_letters (id, body, reason, at) VALUES (?, ?, ?, ?)');
  const giveBack = database.prepare('UPDATE leases SET until = 0, taken_to = 0 WHERE relay = ? AND instance = ?');

  /** Records the results of events, and gives back the lease when no event of its instance is in flight. */
  async function finish<E extends UndeliverableEvent>(events: readonly E[], work: (event: E) => void): Promise<void> {
    await transaction(() => events.forEach(work));
    const free = inFlight.leave(events.map(({ seq }) => seq));
    isDry = false;
    await transaction(() => free.forEach((instance) => giveBack.run(relay, instance)));
  }

  function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    return finish([event], ({ seq, id, body }) => {
      bury.run(id, body, reason, Date.now());
      remove.run(seq);
    });
  }

  return {
    engine: 'sqlite',
    isDurable: true,
    append: (event) => appendAll([event], home),
    appendAll,
    peek,
    // `peek` has already recorded the events in the lease.
    begin: () => Promise.resolve(),
    release: (events, inDoubt) => finish(events, ({ seq }) => inDoubt && doubt.run(seq)),
    settle: (settled) =>
      finish(
        settled.map(({ event }) => event),
        ({ seq }) => remove.run(seq),
      ),
    deadLetter,
    refresh: () => Promise.resolve(void (isDry = false)),
    size,
    waiting: () => (isDry ? 0 : Math.max(0, size().events - inFlight.size())),
    close() {
      if (isClosed) return Promise.resolve();
      clearInterval(renewal);
      for (const instance of inFlight.instances()) giveBack.run(relay, instance);
      isClosed = true;
      return Promise.resolve(database.close());
    },
  };
}
// #endregion
