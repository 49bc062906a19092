import { AuditError } from '../../errors.js';
import type { CoalescedAttempts, CoalescedKind, DeadLetter, SpoolSize } from '../spool.js';
import { idIn, type StoredEvent, type UnreadableEvent } from '../stored-event.js';
import { CoalescedRows } from './coalesced-rows.js';
import { DeadLetterRows } from './dead-letter-rows.js';
import type { NewPage } from './event-page.js';
import { EventPages } from './event-pages.js';
import { quarantine, recovered } from './recover.js';
import { ReservedSpace } from './reserved-space.js';
import { openSpoolDatabase, readSpoolDatabase } from './spool-database.js';
import { isCorrupt, isDiskFull, type Statements, statementsOf, type Synchronous, transaction } from '../../sqlite/database.js';
import type { SqliteDatabase } from '../../sqlite/driver.js';

/** A change of the file. A commit makes all of its changes or none. */
export type SpoolChange =
  | { do: 'append'; page: NewPage }
  | { do: 'begin'; seqs: number[] }
  | { do: 'release'; seqs: number[]; inDoubt: boolean }
  | { do: 'settle'; seqs: number[] }
  | { do: 'deadLetter'; seq: number; reason: string; at: number }
  | { do: 'coalesce'; kind: CoalescedKind; at: number }
  | { do: 'replaceCoalesced'; coalesced: CoalescedAttempts; page: NewPage };

/** Options for opening a file. */
export interface SpoolFileOptions {
  /** The most bytes of event JSON; the size of the file is bounded in proportion. */
  maxBytes: number;
  /** `NORMAL` may lose acknowledged events in a power cut. Only the test that proves this uses it. @default 'FULL' */
  synchronous?: Synchronous;
  /**
   * `own`: by the process that holds the spool's lock. `share`: while another process may own it. `read`: the same, without changing anything.
   * @default 'own'
   */
  mode?: 'own' | 'share' | 'read';
}

/**
 * Opens a spool in one SQLite file, and creates it if it is missing. A damaged file is renamed, and its readable events are copied to a new one.
 *
 * @param path the file
 * @param options bounds, durability and mode
 * @throws AuditError `ERR_AUDIT_SPOOL` if the file cannot be opened, or if SQLite does not commit as durably as requested
 */
export function openSpoolFile(path: string, options: SpoolFileOptions): SpoolFile {
  try {
    return new SpoolFile(path, options, undefined);
  } catch (thrown) {
    if (!isCorrupt(thrown) || (options.mode ?? 'own') !== 'own') throw broken(thrown);
  }
  const quarantined = quarantine(path);
  const file = new SpoolFile(path, options, quarantined);
  for (const { bodies, queuedAt } of recovered(quarantined)) file.save(bodies, queuedAt);
  return file;
}

/** A spool in one SQLite file. Every function blocks; call it in a worker. */
export class SpoolFile {
  private readonly mode: 'own' | 'share' | 'read';
  private readonly db: SqliteDatabase;
  private readonly statement: Statements;
  private readonly pages: EventPages;
  private readonly aside: DeadLetterRows;
  private readonly counts: CoalescedRows;
  private readonly reserved: ReservedSpace;

  /**
   * @param path the file
   * @param options bounds, durability and mode
   * @param quarantined the name that the damaged file was renamed to, if it was damaged when it was opened; its readable events are in this file
   * @throws errors of SQLite
   */
  constructor(
    readonly path: string,
    { maxBytes, synchronous = 'FULL', mode = 'own' }: SpoolFileOptions,
    readonly quarantined: string | undefined,
  ) {
    this.mode = mode;
    this.db = mode === 'read' ? readSpoolDatabase(path) : openSpoolDatabase(path, maxBytes, synchronous);
    this.statement = statementsOf(this.db);
    this.aside = new DeadLetterRows(this.statement);
    this.counts = new CoalescedRows(this.statement);
    this.pages = new EventPages(this.statement, this.aside.lastSeq());
    this.reserved = new ReservedSpace(`${path}-reserved`);
    if (mode !== 'own') return;
    this.write(() => this.pages.deliveries.land());
    this.reserved.reserve();
  }

  /**
   * Commits all of the changes or none.
   *
   * @returns for each change, the position of the first event that it added, or 0
   * @throws AuditError `ERR_AUDIT_SPOOL_FULL` if the disk is full, `ERR_AUDIT_SPOOL` if the file cannot be written for another reason
   */
  commit(changes: readonly SpoolChange[]): number[] {
    if (this.reserved.isSpent && changes.some(isTaking)) this.reserveAgain();
    try {
      return this.apply(changes);
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw broken(thrown);
      if (!changes.every(isSettling) || !this.makeRoom()) throw this.full();
      return this.apply(changes);
    }
  }

  /**
   * Reads events in order. Those that cannot be read are returned separately; if the file is opened as `own`, they are set aside.
   *
   * @param after only events with a higher position
   * @param limit the most events
   * @param maxBytes stop when the events' JSON has this many bytes
   */
  read(after: number, limit: number, maxBytes = Number.POSITIVE_INFINITY): { rows: StoredEvent[]; unreadable: UnreadableEvent[] } {
    // A transaction gives a consistent view, since the owner of the file may be settling events.
    const found = transaction(this.db, 'BEGIN', () => this.pages.read(after, limit, maxBytes));
    const at = Date.now();
    if (found.unreadable.length > 0 && this.mode === 'own') {
      this.commit(found.unreadable.map(({ seq, reason }) => ({ do: 'deadLetter', seq, reason, at })));
    }
    return found;
  }

  /**
   * Returns the counts of earlier minutes.
   *
   * @param minute the first minute that is not returned, in minutes since 1970
   */
  coalesced(minute: number): CoalescedAttempts[] {
    return this.counts.before(minute);
  }

  deadLetters(): DeadLetter[] {
    return this.aside.all();
  }

  /**
   * Deletes events that were set aside.
   *
   * @returns their number
   */
  discard(seqs: readonly number[]): number {
    return this.aside.discard(seqs);
  }

  size(): SpoolSize {
    return { ...this.pages.size(), coalesced: this.counts.total(), setAside: this.aside.total() };
  }

  /** When the oldest event was appended, in milliseconds since 1970. */
  oldest(): number | undefined {
    return this.pages.oldest();
  }

  /** Adds events that were recovered from a damaged file. */
  save(bodies: readonly string[], queuedAt: number): void {
    // It is not known whether the events were sent.
    const events = bodies.map((body) => ({ seq: 0, body, queuedAt, inDoubt: true, crashes: 0 }));
    this.write(() => this.pages.addAll(events));
  }

  /** File names of the spools whose events were taken over. */
  adopted(): string[] {
    return (this.statement('SELECT name FROM adopted').all() as { name: string }[]).map(({ name }) => name);
  }

  /**
   * Copies everything from another file, and remembers its name so that it is not copied twice.
   *
   * @returns the number of events
   */
  adopt(other: SpoolFile, name: string): number {
    return this.write(() => {
      const events = this.copyEvents(other);
      for (const event of other.deadLetters()) this.aside.store({ ...event, seq: this.pages.place() });
      for (const count of other.coalesced(Number.MAX_SAFE_INTEGER)) this.counts.merge(count);
      for (const each of [name, ...other.adopted()]) this.statement('INSERT OR IGNORE INTO adopted VALUES (?)').run(each);
      return events;
    });
  }

  close(): void {
    if (this.mode !== 'own') return this.db.close();
    if (this.db.isOpen) {
      // SQLite does not checkpoint on close while prepared statements have not been collected.
      this.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      this.db.close();
    }
    this.reserved.remove();
  }

  private apply(changes: readonly SpoolChange[]): number[] {
    return this.write(() => changes.map((change) => this.applyOne(change)));
  }

  private applyOne(change: SpoolChange): number {
    switch (change.do) {
      case 'append':
        return this.pages.add(change.page);
      case 'begin':
        this.pages.deliveries.begin(change.seqs);
        return 0;
      case 'release':
        this.pages.deliveries.release(change.seqs, change.inDoubt);
        return 0;
      case 'settle':
        this.pages.remove(change.seqs);
        return 0;
      case 'deadLetter':
        this.setAside(change);
        return 0;
      case 'coalesce':
        this.counts.add(change.kind, change.at);
        return 0;
      case 'replaceCoalesced':
        this.counts.subtract(change.coalesced);
        return this.pages.add(change.page);
    }
  }

  private setAside({ seq, reason, at }: Pick<DeadLetter, 'seq' | 'reason' | 'at'>): void {
    const body = this.pages.body(seq);
    if (body !== undefined) this.aside.store({ seq, id: idIn(body, seq), body, reason, at });
    this.pages.remove([seq]);
  }

  private copyEvents(other: SpoolFile): number {
    let events = 0;
    let after = 0;
    for (let { rows } = other.read(after, 1_000); rows.length > 0; { rows } = other.read(after, 1_000)) {
      this.pages.addAll(rows);
      events += rows.length;
      after = rows.at(-1)!.seq;
    }
    return events;
  }

  private write<T>(work: () => T): T {
    return transaction(this.db, 'BEGIN IMMEDIATE', work);
  }

  /**
   * Gives up the reserved space. New events are refused until it is reserved again.
   *
   * @returns whether SQLite could return room to the disk
   */
  private makeRoom(): boolean {
    this.reserved.giveUp();
    const { busy } = this.statement('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    return busy === 0;
  }

  /** @throws AuditError `ERR_AUDIT_SPOOL_FULL` if there is still no room */
  private reserveAgain(): void {
    try {
      // Deleted events have freed pages in the file, which must be returned to the disk first.
      this.db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
      this.reserved.reserve();
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw broken(thrown);
    }
    if (this.reserved.isSpent) throw this.full();
  }

  private full(): AuditError {
    return new AuditError('ERR_AUDIT_SPOOL_FULL', `The disk of the spool is full (${this.path}).`);
  }
}

/**
 * Whether a change takes room.
 *
 * @param change the change
 */
export function isTaking({ do: what }: SpoolChange): boolean {
  return what === 'append' || what === 'coalesce' || what === 'replaceCoalesced';
}

function isSettling({ do: what }: SpoolChange): boolean {
  return what === 'settle' || what === 'deadLetter';
}

function broken(thrown: unknown): AuditError {
  if (thrown instanceof AuditError) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL', `The spool cannot be used: ${thrown instanceof Error ? thrown.message : 'unknown'}.`);
}
