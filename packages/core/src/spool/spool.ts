import type { Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';

/** How much a spool holds. */
export interface SpoolSize {
  events: number;
  bytes: number;
  /** Of the events, the failed attempts. */
  failures: number;
  /** Failed attempts that are coalesced and not yet events. */
  coalesced: number;
  /** Events that the server will not take; they wait for an operator. */
  setAside: number;
}

/** An event in a spool, with what is known of earlier tries. */
export interface SpooledEvent extends SerialisedEvent {
  /** Its place: what was appended later has a higher one. */
  seq: number;
  /** When it was appended, in milliseconds since 1970. */
  queuedAt: number;
  /** Whether an earlier try may have stored it at the server. */
  inDoubt: boolean;
  /** How many processes ended while they were sending it. */
  crashes: number;
}

/** What is known of an event that will never arrive; it may be unreadable. */
export type UndeliverableEvent = Pick<SpooledEvent, 'seq' | 'id' | 'body' | 'bytes' | 'isFailure'>;

/** An event that arrived, with its receipt; without one where an engine took it, whose relay gets the receipt. */
export interface Settled {
  event: SpooledEvent;
  receipt?: Receipt;
  isVerified: boolean;
}

/** Failed attempts from one source within one minute, of which only the number is kept. */
export interface CoalescedFailures {
  /** The source's address; empty when it is not known, or when there are too many sources. */
  source: string;
  /** Minutes since 1970. */
  minute: number;
  count: number;
  /** The first and the last attempt, in milliseconds since 1970. */
  first: number;
  last: number;
}

/** An event that was set aside: the server will never take it, or it cannot be read any more. */
export interface DeadLetter {
  seq: number;
  id: string;
  body: string;
  reason: string;
  /** In milliseconds since 1970. */
  at: number;
}

/**
 * The queue between the application and the publisher. An event leaves it only when it is settled or set aside. Every spool, in memory, on disk
 * or remote, keeps this contract.
 */
export interface Spool {
  /** Whether what was appended outlives the process. */
  readonly isDurable: boolean;
  /**
   * Takes an event.
   *
   * @returns when the event is as safe as this spool makes it. Events that are written together may get the very same promise: whoever appends many can tell
   *   by its identity which of them are answered at once.
   * @throws AuditError `ERR_AUDIT_SPOOL_FULL` when there is no room, `ERR_AUDIT_SPOOL` when it is broken; the event is not taken
   */
  append(event: SerialisedEvent): Promise<void>;
  /**
   * Hands out the oldest events that nobody has in flight; they stay in the spool. What cannot be read any more is set aside on the way, with a reason
   * that says what was seen.
   *
   * @param limit how many at the most
   */
  peek(limit: number): Promise<SpooledEvent[]>;
  /** Writes down that these are about to be sent, so that a process that dies of it leaves a trace. */
  begin(events: readonly SpooledEvent[]): Promise<void>;
  /**
   * Gives events back that were peeked and could not be delivered; they are the oldest again.
   *
   * @param inDoubt whether the server may have stored them
   */
  release(events: readonly SpooledEvent[], inDoubt: boolean): Promise<void>;
  /** Lets go of events whose receipts were checked. */
  settle(settled: readonly Settled[]): Promise<void>;
  /** Sets an event aside that will never arrive, keeping why. */
  deadLetter(event: UndeliverableEvent, reason: string): Promise<void>;
  /** What is in the spool, in flight or not. */
  size(): SpoolSize;
  /** How many events nobody has in flight. */
  waiting(): number;
  close(): Promise<void>;
}

/** A spool of one process, which keeps of failed attempts only their number while they would take the room of others. */
export interface CoalescingSpool extends Spool {
  /**
   * Keeps of a failed attempt only that it happened.
   *
   * @param source its address, or nothing
   * @param at when, in milliseconds since 1970
   */
  coalesce(source: string, at: number): Promise<void>;
  /**
   * The coalesced of minutes that are over.
   *
   * @param before minutes since 1970; of this and later minutes none
   */
  coalesced(before: number): Promise<CoalescedFailures[]>;
  /** Puts an event in the place of a coalesced count, at once: neither both nor none are ever there. */
  replaceCoalesced(coalesced: CoalescedFailures, event: SerialisedEvent): Promise<void>;
}

/**
 * A spool that many processes share, on an engine beyond this machine: applications append, relays take and settle. What one process appends is
 * handed out in its order, to one relay at a time.
 */
export interface SharedSpool extends Spool {
  /** The engine, e.g. `postgres`. */
  readonly engine: string;
  /**
   * Takes events, all or none. One whose id it holds already counts as taken.
   *
   * @param events in their order
   * @param instance the process that they are of
   * @returns when the engine has them safe
   * @throws AuditError `ERR_AUDIT_ENGINE` when it cannot tell that, `ERR_AUDIT_SPOOL_FULL` when there is no room
   */
  appendAll(events: readonly SerialisedEvent[], instance: string): Promise<void>;
  /**
   * Looks what waits, since other processes append and settle, too.
   *
   * @throws AuditError `ERR_AUDIT_ENGINE` when the engine cannot be asked
   */
  refresh(): Promise<void>;
}
