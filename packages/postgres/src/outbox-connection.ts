import { AuditError } from '@auditlogin/core';
import { DatabaseError, Pool, type PoolConfig } from 'pg';

const RETRY_WAIT = 500;

/** Runs queries on the database of an outbox. */
export class OutboxConnection {
  private readonly pool: Pool;
  private isClosing = false;
  private isClosed = false;

  /**
   * @param connection connection string or options of `pg`
   * @param timeout how long a query may take, in milliseconds
   */
  constructor(connection: string | PoolConfig, timeout: number) {
    this.pool = new Pool({
      max: 5,
      application_name: 'auditlogin',
      keepAlive: true,
      connectionTimeoutMillis: Math.min(timeout, 5_000),
      query_timeout: timeout,
      ...(typeof connection === 'string' ? { connectionString: connection } : connection),
    });
    // The pool replaces idle connections that break. A query that cannot get a connection fails by itself.
    this.pool.on('error', () => undefined);
  }

  /** @throws AuditError `ERR_AUDIT_ENGINE` if the query fails, `ERR_AUDIT_CLOSED` after {@link close} */
  async ask<R>(text: string, values: unknown[] = []): Promise<R[]> {
    if (this.isClosed) throw new AuditError('ERR_AUDIT_CLOSED', 'The spool in PostgreSQL is closed.');
    try {
      return (await this.pool.query(text, values)).rows as R[];
    } catch (thrown) {
      throw engineError(thrown);
    }
  }

  /** Repeats a query until it succeeds or the connection is closed. A published event must leave the outbox even if the database fails for a moment. */
  async askUntilDone(text: string, values: unknown[]): Promise<void> {
    for (;;) {
      try {
        await this.ask(text, values);
        return;
      } catch (thrown) {
        if (this.isClosing) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  /**
   * Closes the connection.
   *
   * @param last a last query, which is not repeated
   */
  async close(last?: () => Promise<unknown>): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    await last?.().catch(() => undefined);
    this.isClosed = true;
    await this.pool.end();
  }
}

/** Keeps only the driver's message or code, since other properties may contain the connection string with its password. */
function engineError(thrown: unknown): AuditError {
  const { code } = thrown as { code?: unknown };
  const why =
    thrown instanceof DatabaseError ? `${thrown.message} (${thrown.code ?? 'no code'})` : typeof code === 'string' ? code : 'no response';
  const hint = code === '42P01' ? ' Its tables are missing: run "auditlogin engine init", or migrate() of @auditlogin/postgres.' : '';
  return new AuditError('ERR_AUDIT_ENGINE', `PostgreSQL failed: ${why}.${hint}`);
}
