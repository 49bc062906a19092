import { AuditError } from '@auditlogin/core';
import { DatabaseError, Pool, type PoolConfig } from 'pg';

const RETRY_WAIT = 500;

/** Asks the database of an outbox. */
export class OutboxConnection {
  private readonly pool: Pool;
  private isClosing = false;
  private isClosed = false;

  /**
   * @param connection where the database is, as `pg` takes it
   * @param timeout how long it may take for an answer, in milliseconds
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
    // An idle connection that breaks is replaced; whoever needs one hears of it.
    this.pool.on('error', () => undefined);
  }

  /** @throws AuditError `ERR_AUDIT_ENGINE` when the database fails, `ERR_AUDIT_CLOSED` after {@link close} */
  async ask<R>(text: string, values: unknown[] = []): Promise<R[]> {
    if (this.isClosed) throw new AuditError('ERR_AUDIT_CLOSED', 'The spool in PostgreSQL is closed.');
    try {
      return (await this.pool.query(text, values)).rows as R[];
    } catch (thrown) {
      throw engineError(thrown);
    }
  }

  /** What arrived must not stay in the outbox because the database was away for a moment: tried until it is done. */
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
   * Ends the connection.
   *
   * @param last what is still asked, once
   */
  async close(last?: () => Promise<unknown>): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    await last?.().catch(() => undefined);
    this.isClosed = true;
    await this.pool.end();
  }
}

/** Of what the driver throws only what says what is wrong: a connection string has a password in it. */
function engineError(thrown: unknown): AuditError {
  const { code } = thrown as { code?: unknown };
  const why =
    thrown instanceof DatabaseError ? `${thrown.message} (${thrown.code ?? 'no code'})` : typeof code === 'string' ? code : 'no answer';
  const hint = code === '42P01' ? ' Its tables are missing: run "auditlogin engine init", or migrate() of @auditlogin/postgres.' : '';
  return new AuditError('ERR_AUDIT_ENGINE', `PostgreSQL failed: ${why}.${hint}`);
}
