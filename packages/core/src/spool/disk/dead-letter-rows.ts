import type { DeadLetter } from '../spool.js';
import type { Statements } from '../../sqlite/database.js';

export const DEAD_LETTER_TABLE = `CREATE TABLE IF NOT EXISTS set_aside (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL,
    at INTEGER NOT NULL);`;

/** The events in a spool's file that were set aside. */
export class DeadLetterRows {
  /** @param statement of the file's database */
  constructor(private readonly statement: Statements) {}

  store({ seq, id, body, reason, at }: DeadLetter): void {
    this.statement('INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?, ?)').run(seq, id, body, reason, at);
  }

  all(): DeadLetter[] {
    const found = this.statement('SELECT seq, id, body, reason, at FROM set_aside ORDER BY seq').all() as DeadLetter[];
    return found.map((event) => ({ ...event }));
  }

  /** @returns the number of deleted events */
  discard(seqs: readonly number[]): number {
    const sql = 'DELETE FROM set_aside WHERE seq IN (SELECT value FROM json_each(?))';
    return Number(this.statement(sql).run(JSON.stringify(seqs)).changes);
  }

  /** The highest position; 0 if there are none. */
  lastSeq(): number {
    return (this.statement('SELECT coalesce(max(seq), 0) AS seq FROM set_aside').get() as { seq: number }).seq;
  }

  total(): number {
    return (this.statement('SELECT count(*) AS total FROM set_aside').get() as { total: number }).total;
  }
}
