import type { StoredEvent } from '../stored-event.js';
import { EVERYWHERE, type Range, runsOf } from './ranges.js';
import type { Statements } from '../../sqlite/database.js';

/**
 * The tables of {@link Deliveries}. `flights` lists events that are being sent, as ranges of positions, so that a batch of fifty events usually costs
 * one row; `marks` lists events that were sent in vain.
 */
export const DELIVERY_TABLES = `
  CREATE TABLE IF NOT EXISTS flights (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS marks (seq INTEGER PRIMARY KEY, in_doubt INTEGER NOT NULL, crashes INTEGER NOT NULL);`;

/** How earlier tries to send an event went. */
export type DeliveryHistory = Pick<StoredEvent, 'inDoubt' | 'crashes'>;

/** The running and the earlier tries to send the events of a file. */
export class Deliveries {
  /** @param statement of the file's database */
  constructor(private readonly statement: Statements) {}

  begin(seqs: readonly number[]): void {
    for (const { first, last } of runsOf(seqs)) this.launch(first, last);
  }

  /** @param inDoubt whether the server may have stored the events */
  release(seqs: readonly number[], inDoubt: boolean): void {
    for (const range of runsOf(seqs)) this.endFlights(range);
    if (!inDoubt) return;
    const mark = this.statement('INSERT INTO marks VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET in_doubt = 1');
    for (const seq of seqs) mark.run(seq);
  }

  /** Marks the events that were in flight when the previous process ended as in doubt, and counts a crash for each. */
  land(): void {
    const mark = this.statement('INSERT INTO marks VALUES (?, 1, 1) ON CONFLICT DO UPDATE SET in_doubt = 1, crashes = crashes + 1');
    for (const { first, last } of this.flightsOver(EVERYWHERE)) {
      for (let seq = first; seq <= last; seq += 1) mark.run(seq);
    }
    this.statement('DELETE FROM flights').run();
  }

  /** Stores the history of an event that comes from another file. */
  inherit(seq: number, { inDoubt, crashes }: DeliveryHistory): void {
    if (inDoubt || crashes > 0) this.statement('INSERT INTO marks VALUES (?, ?, ?)').run(seq, inDoubt ? 1 : 0, crashes);
  }

  forget(range: Range): void {
    this.endFlights(range);
    this.statement('DELETE FROM marks WHERE seq BETWEEN ? AND ?').run(range.first, range.last);
  }

  /** The histories of the events in a range that were sent before, by position. */
  of({ first, last }: Range): Map<number, DeliveryHistory> {
    const marks = this.statement('SELECT * FROM marks WHERE seq BETWEEN ? AND ?').all(first, last) as {
      seq: number;
      in_doubt: number;
      crashes: number;
    }[];
    return new Map(marks.map(({ seq, in_doubt, crashes }) => [seq, { inDoubt: in_doubt === 1, crashes }]));
  }

  /** Removes a range from the flights, which may extend beyond it. */
  private endFlights(range: Range): void {
    for (const flight of this.flightsOver(range)) {
      this.statement('DELETE FROM flights WHERE first = ?').run(flight.first);
      this.launch(flight.first, range.first - 1);
      this.launch(range.last + 1, flight.last);
    }
  }

  private launch(first: number, last: number): void {
    if (first <= last) this.statement('INSERT OR REPLACE INTO flights VALUES (?, ?)').run(first, last);
  }

  private flightsOver({ first, last }: Range): Range[] {
    return this.statement('SELECT first, last FROM flights WHERE first <= ? AND last >= ?').all(last, first) as Range[];
  }
}
