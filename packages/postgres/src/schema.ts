import type { Queryable } from './report-in.js';

/**
 * SQL statements that create the tables, for PostgreSQL 12 and later. Existing tables are not changed. Applications need INSERT on
 * `auditlogin_outbox` and INSERT, SELECT, UPDATE on `auditlogin_instances`; relays need all but TRUNCATE on the three tables.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS auditlogin_outbox (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  instance text NOT NULL,
  body text NOT NULL,
  bytes integer NOT NULL,
  queued_at bigint NOT NULL,
  in_doubt boolean NOT NULL DEFAULT false,
  crashes smallint NOT NULL DEFAULT 0
)`,
  `CREATE INDEX IF NOT EXISTS auditlogin_outbox_order ON auditlogin_outbox (instance, seq)`,
  `CREATE TABLE IF NOT EXISTS auditlogin_instances (
  instance text PRIMARY KEY,
  seen timestamptz NOT NULL DEFAULT now(),
  turn bigint NOT NULL DEFAULT 0,
  taken_by text,
  taken_until timestamptz,
  taken_to bigint
)`,
  // Events that were reported in callers' own transactions share an instance that appending does not lock, so that the transactions do not wait for
  // each other.
  `INSERT INTO auditlogin_instances (instance, seen) VALUES ('', 'infinity') ON CONFLICT DO NOTHING`,
  `CREATE SEQUENCE IF NOT EXISTS auditlogin_turn`,
  `CREATE TABLE IF NOT EXISTS auditlogin_set_aside (
  seq bigint PRIMARY KEY,
  id text NOT NULL,
  instance text NOT NULL,
  body text NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
)`,
];

/**
 * Creates the tables in one transaction. Running it again changes nothing.
 *
 * @param client a connection of `pg`, with a role that may create tables
 */
export async function migrate(client: Queryable): Promise<void> {
  // The lock serialises concurrent migrations: PostgreSQL fails if two transactions create the same table at once.
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(7311830); ${MIGRATIONS.join(';\n')}; COMMIT`);
}
