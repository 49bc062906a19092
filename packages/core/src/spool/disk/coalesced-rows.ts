import { type CoalescedTable, MAX_KINDS, minuteOf } from '../coalesced.js';
import type { CoalescedAttempts, CoalescedKind } from '../spool.js';
import type { Statements } from '../../sqlite/database.js';

export const COALESCED_TABLE = `CREATE TABLE IF NOT EXISTS coalesced (minute INTEGER, action TEXT, outcome TEXT, source TEXT,
    count INTEGER, first INTEGER, last INTEGER, PRIMARY KEY (minute, action, outcome, source)) WITHOUT ROWID;`;

const IS_KIND = 'minute = ? AND action = ? AND outcome = ? AND source = ?';

/** Counts of coalesced attempts by minute and kind, in a spool's file. */
export class CoalescedRows implements CoalescedTable {
  /** @param statement of the file's database */
  constructor(private readonly statement: Statements) {}

  add(kind: CoalescedKind, at: number): void {
    const minute = minuteOf(at);
    const counted = this.hasRoomFor(kind, minute) ? kind : { ...kind, source: '' };
    this.merge({ ...counted, minute, count: 1, first: at, last: at });
  }

  before(minute: number): CoalescedAttempts[] {
    const sql = 'SELECT minute, action, outcome, source, count, first, last FROM coalesced WHERE minute < ? ORDER BY minute';
    return (this.statement(sql).all(minute) as CoalescedAttempts[]).map((found) => ({ ...found }));
  }

  subtract({ count, minute, action, outcome, source }: CoalescedAttempts): void {
    this.statement(`UPDATE coalesced SET count = count - ? WHERE ${IS_KIND}`).run(count, minute, action, outcome, source);
    this.statement('DELETE FROM coalesced WHERE count <= 0').run();
  }

  /** Adds a count, also one from another file. */
  merge({ minute, action, outcome, source, count, first, last }: CoalescedAttempts): void {
    const sql = `INSERT INTO coalesced VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT DO UPDATE SET count = count + ?5, first = min(first, ?6), last = max(last, ?7)`;
    this.statement(sql).run(minute, action, outcome, source, count, first, last);
  }

  /** Number of attempts in all counts. */
  total(): number {
    return (this.statement('SELECT coalesce(sum(count), 0) AS total FROM coalesced').get() as { total: number }).total;
  }

  private hasRoomFor({ action, outcome, source }: CoalescedKind, minute: number): boolean {
    const isKnown = this.statement(`SELECT 1 FROM coalesced WHERE ${IS_KIND}`).get(minute, action, outcome, source) !== undefined;
    if (isKnown) return true;
    const { kinds } = this.statement('SELECT count(*) AS kinds FROM coalesced WHERE minute = ?').get(minute) as { kinds: number };
    return kinds < MAX_KINDS;
  }
}
