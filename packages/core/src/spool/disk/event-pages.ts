import { type StoredEvent, unreadableEvent, type UnreadableEvent } from '../stored-event.js';
import { Deliveries, DELIVERY_TABLES } from './deliveries.js';
import { checksumsOf, flawIn, intactLines, type NewPage, PAGE_EVENTS, pageEntry, pageOf, type StoredPage } from './event-page.js';
import { EVERYWHERE, isIn, lengthOf, type Range, runsOf } from './ranges.js';
import type { Statements } from '../../sqlite/database.js';

/** The tables of {@link EventPages}. `gone` lists removed events whose page still holds others, as ranges of positions. */
export const PAGE_TABLES = `
  CREATE TABLE IF NOT EXISTS pages (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, bytes INTEGER NOT NULL, queued_at INTEGER NOT NULL, lines TEXT NOT NULL, crcs BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS gone (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  ${DELIVERY_TABLES}`;

interface PageEvent {
  seq: number;
  body: string;
  /** Why the body cannot be read. */
  flaw: string | undefined;
}

/** The events in a spool's file. A position is never used twice while the file is open. */
export class EventPages {
  readonly deliveries: Deliveries;
  private next: number;

  /**
   * @param statement of the file's database, whose tables exist
   * @param lastAside the highest position of an event that was set aside
   */
  constructor(
    private readonly statement: Statements,
    lastAside: number,
  ) {
    this.deliveries = new Deliveries(statement);
    const { last } = statement('SELECT coalesce(max(last), 0) AS last FROM pages').get() as { last: number };
    this.next = Math.max(last, lastAside) + 1;
  }

  /** @returns position of the first event */
  add({ lines, count, bytes, queuedAt }: NewPage): number {
    const first = this.next;
    this.next += count;
    const insert = this.statement('INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?)');
    insert.run(first, this.next - 1, bytes, queuedAt, lines, checksumsOf(lines));
    return first;
  }

  /** Adds events with their history. */
  addAll(events: readonly StoredEvent[]): void {
    for (const together of pagesOf(events)) {
      const entries = together.map(({ body }) => pageEntry(body));
      const first = this.add(pageOf(entries, together[0]!.queuedAt));
      for (const [offset, event] of together.entries()) this.deliveries.inherit(first + offset, event);
    }
  }

  /** Reserves a position that no event in the pages will use. */
  place(): number {
    return (this.next += 1) - 1;
  }

  remove(seqs: readonly number[]): void {
    for (const range of runsOf(seqs)) this.removeRange(range);
  }

  /** An event's JSON; empty if the text was lost, undefined if there is no such event. */
  body(seq: number): string | undefined {
    const page = this.pageWith(seq);
    return page && (page.lines.split('\n')[seq - page.first] ?? '');
  }

  /**
   * Reads events in order. Those that cannot be read are returned separately.
   *
   * @param after only events with a higher position
   * @param limit the most events to return
   * @param maxBytes stop when the events' JSON has this many bytes
   */
  read(after: number, limit: number, maxBytes: number): { rows: StoredEvent[]; unreadable: UnreadableEvent[] } {
    const rows: StoredEvent[] = [];
    const unreadable: UnreadableEvent[] = [];
    let bytes = 0;
    for (const page of this.pagesBehind(after)) {
      const histories = this.deliveries.of(page);
      for (const { seq, body, flaw } of this.eventsIn(page, after)) {
        if (rows.length >= limit || (rows.length > 0 && bytes >= maxBytes)) return { rows, unreadable };
        if (flaw !== undefined) {
          unreadable.push(unreadableEvent(seq, body, flaw));
          continue;
        }
        bytes += Buffer.byteLength(body);
        rows.push({ seq, body, queuedAt: page.queued_at, ...(histories.get(seq) ?? { inDoubt: false, crashes: 0 }) });
      }
    }
    return { rows, unreadable };
  }

  size(): { events: number; bytes: number } {
    const all = 'SELECT coalesce(sum(last - first + 1), 0) AS events, coalesce(sum(bytes), 0) AS bytes FROM pages';
    const size = { ...(this.statement(all).get() as { events: number; bytes: number }) };
    for (const { first, last } of this.goneIn(EVERYWHERE)) {
      const page = this.pageWith(first)!;
      for (const line of page.lines.split('\n').slice(first - page.first, last - page.first + 1)) {
        size.events -= 1;
        size.bytes -= Buffer.byteLength(line);
      }
    }
    return size;
  }

  /** When the oldest event was appended, in milliseconds since 1970. */
  oldest(): number | undefined {
    const { at } = this.statement('SELECT min(queued_at) AS at FROM pages').get() as { at: number | null };
    return at ?? undefined;
  }

  private removeRange(range: Range): void {
    const { first, last } = range;
    this.deliveries.forget(range);
    this.statement('DELETE FROM gone WHERE first >= ? AND first <= ? AND last <= ?').run(first, last, last);
    this.statement('DELETE FROM pages WHERE first >= ? AND first <= ? AND last <= ?').run(first, last, last);
    // The pages at both ends of the range may be covered only in part.
    const ends = 'SELECT * FROM (SELECT first, last FROM pages WHERE first <= ? ORDER BY first DESC LIMIT 2) WHERE last >= ?';
    for (const page of this.statement(ends).all(last, first) as Range[]) {
      this.removePart(page, { first: Math.max(first, page.first), last: Math.min(last, page.last) });
    }
  }

  /** Notes the events of a page that are gone, and removes the page with the last of them. */
  private removePart(page: Range, { first, last }: Range): void {
    this.statement('INSERT INTO gone VALUES (?, ?)').run(first, last);
    const gone = this.goneIn(page).reduce((sum, range) => sum + lengthOf(range), 0);
    if (gone < lengthOf(page)) return;
    this.statement('DELETE FROM pages WHERE first = ?').run(page.first);
    this.statement('DELETE FROM gone WHERE first BETWEEN ? AND ?').run(page.first, page.last);
  }

  private goneIn({ first, last }: Range): Range[] {
    return this.statement('SELECT first, last FROM gone WHERE first BETWEEN ? AND ?').all(first, last) as Range[];
  }

  private pageWith(seq: number): StoredPage | undefined {
    const page = this.statement('SELECT * FROM pages WHERE first <= ? ORDER BY first DESC LIMIT 1').get(seq) as StoredPage | undefined;
    return page && page.last >= seq ? page : undefined;
  }

  /** The page that holds a position, and those behind it. */
  private pagesBehind(after: number): Iterable<StoredPage> {
    const from = this.pageWith(after)?.first ?? after;
    return this.statement('SELECT * FROM pages WHERE first >= ? ORDER BY first').iterate(from) as Iterable<StoredPage>;
  }

  /** The events of a page behind a position that have not been removed. */
  private *eventsIn(page: StoredPage, after: number): Iterable<PageEvent> {
    const gone = this.goneIn(page);
    const lines = page.lines.split('\n');
    for (const [offset, line] of intactLines(page).entries()) {
      const seq = page.first + offset;
      if (seq > after && !isIn(gone, seq)) yield { seq, body: lines[offset] ?? '', flaw: flawIn(line) };
    }
  }
}

/** Splits events into pages. The events of a page were appended at the same time. */
function* pagesOf(events: readonly StoredEvent[]): Iterable<StoredEvent[]> {
  for (let index = 0; index < events.length;) {
    const { queuedAt } = events[index]!;
    const some = events.slice(index, index + PAGE_EVENTS);
    const end = some.findIndex((event) => event.queuedAt !== queuedAt);
    const together = end === -1 ? some : some.slice(0, end);
    yield together;
    index += together.length;
  }
}
