import { type CoalescedTable, MAX_SOURCES, minuteOf } from '../coalesced.js';
import type { CoalescedFailures } from '../spool.js';
import type { Statements } from '../../sqlite/database.js';

export const COALESCED_TABLE = `CREATE TABLE IF NOT EXISTS coalesced (minute INTEGER, source TEXT, count INTEGER, first INTEGER, last INTEGER,
    PRIMARY KEY (minute, source)) WITHOUT ROWID;`;

/** Counts of coalesced failures by minute and source, in a spool's file. */
export class CoalescedRows implements CoalescedTable {
  /** @param statement of the file's database */
  constructor(private readonly statement: Statements) {}

  add(source: string, at: number): void {
    const minute = minuteOf(at);
    this.merge({ minute, source: this.hasRoomFor(source, minute) ? source : '', count: 1, first: at, last: at });
  }

  before(minute: number): CoalescedFailures[] {
    const sql = 'SELECT minute, source, count, first, last FROM coalesced WHERE minute < ? ORDER BY minute';
    return (this.statement(sql).all(minute) as CoalescedFailures[]).map((found) => ({ ...found }));
  }

  subtract({ count, minute, source }: CoalescedFailures): void {
    this.statement('UPDATE coalesced SET count = count - ? WHERE minute = ? AND source = ?').run(count, minute, source);
    this.statement('DELETE FROM coalesced WHERE count <= 0').run();
  }

  /** Adds a count, also one from another file. */
  merge({ minute, source, count, first, last }: CoalescedFailures): void {
    const sql = `INSERT INTO coalesced VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT DO UPDATE SET count = count + ?3, first = min(first, ?4), last = max(last, ?5)`;
    this.statement(sql).run(minute, source, count, first, last);
  }

  /** Number of failures in all counts. */
  total(): number {
    return (this.statement('SELECT coalesce(sum(count), 0) AS total FROM coalesced').get() as { total: number }).total;
  }

  private hasRoomFor(source: string, minute: number): boolean {
    const isKnown = this.statement('SELECT 1 FROM coalesced WHERE minute = ? AND source = ?').get(minute, source) !== undefined;
    if (isKnown) return true;
    const { sources } = this.statement('SELECT count(*) AS sources FROM coalesced WHERE minute = ?').get(minute) as { sources: number };
    return sources < MAX_SOURCES;
  }
}
