import type { Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';

/** The size of a spool. */
export interface SpoolSize {
  events: number;
  bytes: number;
  /** Attempts that were coalesced and have not become an event yet. */
  coalesced: number;
  /** Events that were set aside and wait for an operator. */
  setAside: number;
}

/** An event in a spool and the history of its delivery. */
export interface SpooledEvent extends SerialisedEvent {
  /** Its position in the spool. Events that were appended later have a higher one. */
  seq: number;
  /** Time of the append, in milliseconds since 1970. */
  queuedAt: number;
  /** Whether the server may have stored it in an earlier try. */
  inDoubt: boolean;
  /** Number of processes that ended while they were sending it. */
  crashes: number;
}

/** An event that cannot be delivered. Its body may be unreadable. */
export type UndeliverableEvent = Pick<SpooledEvent, 'seq' | 'id' | 'body' | 'bytes'>;

/** A delivered event and its receipt. An event that was handed over to an engine has none: its relay gets the receipt. */
export interface Settled {
  event: SpooledEvent;
  receipt?: Receipt;
  isVerified: boolean;
}

/** The attempts that are counted together within a minute, when they are counted instead of stored. */
export interface CoalescedKind {
  action: string;
  outcome: string;
  /** The client's address; empty if it is not known or if there were too many sources. */
  source: string;
}

/** The number of attempts of one kind within one minute. */
export interface CoalescedAttempts extends CoalescedKind {
  /** Minutes since 1970. */
  minute: number;
  count: number;
  /** The first and the last attempt, in milliseconds since 1970. */
  first: number;
  last: number;
}

/** An event that was set aside, since the server refuses it or its stored body cannot be read. */
export interface DeadLetter {
  seq: number;
  id: string;
  body: string;
  reason: string;
  /** In milliseconds since 1970. */
  at: number;
}

/**
 * The queue between the application and the publisher. An event leaves it only when it is settled or set aside. All implementations (memory, disk,
 * engines) pass the same contract tests.
 */
export interface Spool {
  /** Whether appended events outlive the process. */
  readonly isDurable: boolean;
  /**
   * Appends an event.
   *
   * @returns a promise that resolves when the event is stored as durably as this spool can. Events that are written together may get the same
   * promise, so that a caller can await it once for all of them.
   * @throws AuditError `ERR_AUDIT_SPOOL_FULL` if there is no room, `ERR_AUDIT_SPOOL` if the spool is broken; the event was not appended
   */
  append(event: SerialisedEvent): Promise<void>;
  /**
   * Returns the oldest events that are not in flight, and marks them as in flight. They stay in the spool. Events that cannot be read are set aside
   * with a reason and not returned.
   *
   * @param limit the most events to return
   */
  peek(limit: number): Promise<SpooledEvent[]>;
  /** Records that events are about to be sent, so that the next process knows which events were in flight if this one crashes. */
  begin(events: readonly SpooledEvent[]): Promise<void>;
  /**
   * Returns events that were peeked and not delivered to the front of the queue.
   *
   * @param inDoubt whether the server may have stored them
   */
  release(events: readonly SpooledEvent[], inDoubt: boolean): Promise<void>;
  /** Removes events whose receipts were checked. */
  settle(settled: readonly Settled[]): Promise<void>;
  /** Sets aside an event that cannot be delivered, with the reason. */
  deadLetter(event: UndeliverableEvent, reason: string): Promise<void>;
  /** The size of the spool, including events in flight. */
  size(): SpoolSize;
  /** Number of events that are not in flight. */
  waiting(): number;
  close(): Promise<void>;
}

/** A spool of one process. It can count attempts instead of storing them, when they would take the room of logins. */
export interface CoalescingSpool extends Spool {
  /**
   * Counts an attempt instead of storing it.
   *
   * @param kind what it is counted with
   * @param at time of the attempt, in milliseconds since 1970
   */
  coalesce(kind: CoalescedKind, at: number): Promise<void>;
  /**
   * Returns the counts of earlier minutes.
   *
   * @param before the first minute that is not returned, in minutes since 1970
   */
  coalesced(before: number): Promise<CoalescedAttempts[]>;
  /** Replaces a count by an event, atomically. */
  replaceCoalesced(coalesced: CoalescedAttempts, event: SerialisedEvent): Promise<void>;
}

/**
 * A spool that many processes share through an engine: applications append events, relays publish and settle them. The events of one instance are
 * handed out in order, to one relay at a time.
 */
export interface SharedSpool extends Spool {
  /** The engine, e.g. `postgres`. */
  readonly engine: string;
  /**
   * Appends all of the events or none. An event whose id the engine already has is skipped.
   *
   * @param events the events, in order
   * @param instance id of the instance that the events belong to
   * @returns a promise that resolves when the engine has stored the events
   * @throws AuditError `ERR_AUDIT_ENGINE` if the engine did not confirm that, `ERR_AUDIT_SPOOL_FULL` if there is no room
   */
  appendAll(events: readonly SerialisedEvent[], instance: string): Promise<void>;
  /**
   * Updates the number of waiting events, since other processes append and settle, too.
   *
   * @throws AuditError `ERR_AUDIT_ENGINE` if the engine does not respond
   */
  refresh(): Promise<void>;
}
