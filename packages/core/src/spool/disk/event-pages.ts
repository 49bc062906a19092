import { crc32 } from 'node:zlib';
import type { SerialisedEvent } from '../../event/serialise.js';
import { eventIn, flawOf, type StoredEvent, unreadableEvent, type UnreadableEvent } from '../stored-event.js';
import { runsOf } from './ranges.js';
import type { SqliteStatement } from './sqlite/driver.js';

/** A page: up to {@link PAGE_EVENTS} events that are written as one row. */
export interface NewPage {
  /** The events' JSON, one event per line. JSON strings contain no raw line breaks. */
  lines: string;
  count: number;
  /** Length of the events' JSON, in bytes. */
  bytes: number;
  failures: number;
  /** Time of the append, in milliseconds since 1970. */
  queuedAt: number;
}

/** The history of earlier tries to send an event. */
type DeliveryHistory = Pick<StoredEvent, 'inDoubt' | 'crashes'>;

/** The most events in a page. Events that are written together are usually sent together. */
export const PAGE_EVENTS = 50;

const DAMAGED = 'damaged on disk: its checksum is wrong';

/**
 * The tables of a page store. `gone` lists settled events whose page still holds others; `flights` lists events that are being sent. Both store
 * ranges of positions, so that a batch of fifty events usually costs one row.
 */
export const PAGE_TABLES = `
  CREATE TABLE IF NOT EXISTS pages (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bytes INTEGER NOT NULL, failures INTEGER NOT NULL,
    queued_at INTEGER NOT NULL, lines TEXT NOT NULL, crcs BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS gone (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS flights (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS marks (seq INTEGER PRIMARY KEY, in_doubt INTEGER NOT NULL, crashes INTEGER NOT NULL);`;

/** The events in a spool's file. A position is never used twice while the file is open. */
export interface Pages {
  /** @returns position of the first event */
  add(page: NewPage): number;
  /** Adds events with their history. @returns their number */
  addAll(rows: readonly StoredEvent[]): number;
  begin(seqs: readonly number[]): void;
  release(seqs: readonly number[], inDoubt: boolean): void;
  remove(seqs: readonly number[]): void;
  /** An event's JSON; empty if the text was lost, undefined if there is no such event. */
  body(seq: number): string | undefined;
  /** Reserves a position that no event in the pages will use. */
  place(): number;
  /**
   * Reads events in order. Those that cannot be read are returned separately.
   *
   * @param after only events with a higher position
   * @param limit the most events to return
   * @param maxBytes stop when the events' JSON has this many bytes
   */
  read(after: number, limit: number, maxBytes: number): { rows: StoredEvent[]; unreadable: UnreadableEvent[] };
  size(): { events: number; bytes: number; failures: number };
  /** When the oldest event was appended, in milliseconds since 1970. */
  oldest(): number | undefined;
  /** Marks the events that were in flight when the previous process ended as in doubt, and counts a crash for each. */
  land(): void;
}

interface StoredPage {
  first: number;
  last: number;
  bytes: number;
  failures: number;
  queued_at: number;
  lines: string;
  crcs: Uint8Array;
}

/** Positions from `first` to `last`, both included. */
type Range = { first: number; last: number };

const ALL: Range = { first: 0, last: Number.MAX_SAFE_INTEGER };

/**
 * Makes a page of events.
 *
 * @param events 1 or more
 * @param queuedAt time of the append, in milliseconds since 1970
 */
export function pageOf(events: readonly Pick<SerialisedEvent, 'body' | 'bytes' | 'isFailure'>[], queuedAt: number): NewPage {
  let bytes = 0;
  let failures = 0;
  for (const event of events) {
    bytes += event.bytes;
    if (event.isFailure) failures += 1;
  }
  return { lines: events.map(({ body }) => body).join('\n'), count: events.length, bytes, failures, queuedAt };
}

/**
 * Makes an argument of {@link pageOf} from an event's JSON.
 *
 * @param body the event's JSON
 */
export function pageEntry(body: string): Pick<SerialisedEvent, 'body' | 'bytes' | 'isFailure'> {
  return { body, bytes: Buffer.byteLength(body), isFailure: eventIn(body)?.is_failure === true };
}

/**
 * Splits a stored page into events; those with a wrong checksum are undefined.
 *
 * @param page a row of `pages`
 */
export function intactLines({ lines, crcs }: Pick<StoredPage, 'lines' | 'crcs'>): (string | undefined)[] {
  const sums = new Uint32Array(crcs.buffer.slice(crcs.byteOffset, crcs.byteOffset + crcs.byteLength));
  const bodies = lines.split('\n');
  return Array.from(sums, (sum, index) => (bodies[index] !== undefined && crc32(bodies[index]) === sum ? bodies[index] : undefined));
}

/**
 * Opens the events of a file whose tables exist.
 *
 * @param statement returns a prepared statement, which it may cache
 * @param lastAside the highest position of an event that was set aside
 */
export function openPages(statement: (sql: string) => SqliteStatement, lastAside: number): Pages {
  const ranges = (sql: string, ...places: number[]): Range[] => statement(sql).all(...places) as Range[];
  /** The events of a page behind a position that have not been removed; one whose checksum is wrong has no body. */
  function* eventsIn(page: StoredPage, after: number): Iterable<{ seq: number; line: string; body: string | undefined }> {
    const gone = goneIn(page);
    const lines = page.lines.split('\n');
    for (const [offset, body] of intactLines(page).entries()) {
      const seq = page.first + offset;
      if (seq > after && !isIn(gone, seq)) yield { seq, line: lines[offset] ?? '', body };
    }
  }

  const goneIn = ({ first, last }: Range): Range[] => ranges('SELECT first, last FROM gone WHERE first BETWEEN ? AND ?', first, last);
  const flightsOver = ({ first, last }: Range): Range[] =>
    ranges('SELECT first, last FROM flights WHERE first <= ? AND last >= ?', last, first);
  const launch = (first: number, last: number): void => {
    if (first <= last) statement('INSERT OR REPLACE INTO flights VALUES (?, ?)').run(first, last);
  };
  const { last: lastWaiting } = statement('SELECT coalesce(max(last), 0) AS last FROM pages').get() as { last: number };
  let next = Math.max(lastWaiting, lastAside) + 1;

  function place(): number {
    return (next += 1) - 1;
  }

  function add({ lines, count, bytes, failures, queuedAt }: NewPage): number {
    const first = next;
    next += count;
    const crcs = Uint32Array.from(lines.split('\n'), (line) => crc32(line));
    const insert = statement('INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)');
    insert.run(first, next - 1, bytes, failures, queuedAt, lines, new Uint8Array(crcs.buffer));
    return first;
  }

  function land(): void {
    const mark = statement('INSERT INTO marks VALUES (?, 1, 1) ON CONFLICT DO UPDATE SET in_doubt = 1, crashes = crashes + 1');
    for (const { first, last } of flightsOver(ALL)) {
      for (let seq = first; seq <= last; seq += 1) mark.run(seq);
    }
    statement('DELETE FROM flights').run();
  }

  /** Removes a range from the flights, which may extend beyond it. */
  function endFlight(range: Range): void {
    for (const flight of flightsOver(range)) {
      statement('DELETE FROM flights WHERE first = ?').run(flight.first);
      launch(flight.first, range.first - 1);
      launch(range.last + 1, flight.last);
    }
  }

  function removeRange(range: Range): void {
    const { first, last } = range;
    endFlight(range);
    statement('DELETE FROM marks WHERE seq BETWEEN ? AND ?').run(first, last);
    statement('DELETE FROM gone WHERE first >= ? AND first <= ? AND last <= ?').run(first, last, last);
    statement('DELETE FROM pages WHERE first >= ? AND first <= ? AND last <= ?').run(first, last, last);
    // The pages at both ends of the range may be covered only in part.
    const ends = 'SELECT * FROM (SELECT first, last FROM pages WHERE first <= ? ORDER BY first DESC LIMIT 2) WHERE last >= ?';
    for (const page of ranges(ends, last, first)) {
      statement('INSERT INTO gone VALUES (?, ?)').run(Math.max(first, page.first), Math.min(last, page.last));
      const gone = goneIn(page).reduce((sum, one) => sum + one.last - one.first + 1, 0);
      if (gone <= page.last - page.first) continue;
      statement('DELETE FROM pages WHERE first = ?').run(page.first);
      statement('DELETE FROM gone WHERE first BETWEEN ? AND ?').run(page.first, page.last);
    }
  }

  function pageWith(seq: number): StoredPage | undefined {
    const page = statement('SELECT * FROM pages WHERE first <= ? ORDER BY first DESC LIMIT 1').get(seq) as StoredPage | undefined;
    return page && page.last >= seq ? page : undefined;
  }

  function marksIn({ first, last }: Range): Map<number, DeliveryHistory> {
    const marks = statement('SELECT * FROM marks WHERE seq BETWEEN ? AND ?').all(first, last) as {
      seq: number;
      in_doubt: number;
      crashes: number;
    }[];
    return new Map(marks.map(({ seq, in_doubt, crashes }) => [seq, { inDoubt: in_doubt === 1, crashes }]));
  }

  return {
    add,
    place,
    addAll(rows) {
      for (let index = 0; index < rows.length;) {
        const { queuedAt } = rows[index]!;
        const some = rows.slice(index, index + PAGE_EVENTS);
        const end = some.findIndex((row) => row.queuedAt !== queuedAt);
        const together = end === -1 ? some : some.slice(0, end);
        const first = add(
          pageOf(
            together.map(({ body }) => pageEntry(body)),
            queuedAt,
          ),
        );
        for (const [offset, { inDoubt, crashes }] of together.entries()) {
          if (inDoubt || crashes > 0) statement('INSERT INTO marks VALUES (?, ?, ?)').run(first + offset, inDoubt ? 1 : 0, crashes);
        }
        index += together.length;
      }
      return rows.length;
    },
    begin(seqs) {
      for (const { first, last } of runsOf(seqs)) launch(first, last);
    },
    release(seqs, inDoubt) {
      for (const range of runsOf(seqs)) endFlight(range);
      if (!inDoubt) return;
      const mark = statement('INSERT INTO marks VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET in_doubt = 1');
      for (const seq of seqs) mark.run(seq);
    },
    remove(seqs) {
      for (const range of runsOf(seqs)) removeRange(range);
    },
    body(seq) {
      const page = pageWith(seq);
      return page && (page.lines.split('\n')[seq - page.first] ?? '');
    },
    read(after, limit, maxBytes) {
      const rows: StoredEvent[] = [];
      const unreadable: UnreadableEvent[] = [];
      let bytes = 0;
      const from = pageWith(after)?.first ?? after;
      const found = statement('SELECT * FROM pages WHERE first >= ? ORDER BY first').iterate(from) as Iterable<StoredPage>;
      for (const page of found) {
        const marks = marksIn(page);
        for (const { seq, line, body } of eventsIn(page, after)) {
          if (rows.length >= limit || (rows.length > 0 && bytes >= maxBytes)) return { rows, unreadable };
          const flaw = flawIn(body);
          if (body === undefined || flaw !== undefined) {
            unreadable.push(unreadableEvent(seq, line, flaw ?? DAMAGED));
            continue;
          }
          bytes += Buffer.byteLength(body);
          rows.push({ seq, body, queuedAt: page.queued_at, ...(marks.get(seq) ?? { inDoubt: false, crashes: 0 }) });
        }
      }
      return { rows, unreadable };
    },
    size() {
      const all =
        'SELECT coalesce(sum(last - first + 1), 0) AS events, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(failures), 0) AS failures FROM pages';
      const size = { ...(statement(all).get() as { events: number; bytes: number; failures: number }) };
      for (const { first, last } of goneIn(ALL)) {
        const page = pageWith(first)!;
        for (const line of page.lines.split('\n').slice(first - page.first, last - page.first + 1)) {
          const { bytes, isFailure } = pageEntry(line);
          size.events -= 1;
          size.bytes -= bytes;
          if (isFailure) size.failures -= 1;
        }
      }
      return size;
    },
    oldest: () => (statement('SELECT min(queued_at) AS at FROM pages').get() as { at: number | null }).at ?? undefined,
    land,
  };
}

function isIn(ranges: readonly Range[], seq: number): boolean {
  return ranges.some(({ first, last }) => first <= seq && seq <= last);
}

/** Why a stored body is no event; undefined if it is one. A line whose checksum is wrong has no body. */
function flawIn(body: string | undefined): string | undefined {
  if (body === undefined) return DAMAGED;
  return eventIn(body) === undefined ? flawOf(body) : undefined;
}
