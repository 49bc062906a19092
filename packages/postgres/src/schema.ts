import type { Queryable } from './report-in.js';

/**
 * The tables, as SQL for PostgreSQL 12 and later; what is there already is left alone. Applications need INSERT on `auditlogin_outbox` and INSERT, SELECT, UPDATE
 * on `auditlogin_instances`; relays need all but TRUNCATE on the three tables.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS auditlogin_outbox (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  instance text NOT NULL,
  body text NOT NULL,
  bytes integer NOT NULL,
  is_failure boolean NOT NULL,
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
  // What is reported in callers' own transactions: they must not wait for each other, so they have an instance that nobody locks.
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
 * Makes the tables, in one transaction; running it again changes nothing.
 *
 * @param client a connection of `pg` to the database, as a role that may make tables
 */
export async function migrate(client: Queryable): Promise<void> {
  // Two that make the same table at once would both fail.
  await client.query(`BEGIN; SELECT pg_advisory_xact_lock(7311830); ${MIGRATIONS.join(';\n')}; COMMIT`);
}
