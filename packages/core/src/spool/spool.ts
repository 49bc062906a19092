import type { SerialisedEvent } from '../event/serialise.js';

/** How much a spool holds. */
export interface SpoolSize {
  events: number;
  bytes: number;
}

/**
 * The queue between the application and the publisher. An event leaves it only when it is settled or set aside. Every spool, in memory, on disk
 * or remote, keeps this contract.
 */
export interface Spool {
  /**
   * Takes an event.
   *
   * @returns when the event is as safe as this spool makes it
   * @throws AuditError `ERR_AUDIT_SPOOL_FULL` when there is no room; the event is not taken
   */
  append(event: SerialisedEvent): Promise<void>;
  /**
   * Hands out the oldest events that nobody has in hand; they stay in the spool.
   *
   * @param limit how many at the most
   */
  peek(limit: number): Promise<SerialisedEvent[]>;
  /** Gives events back that were peeked and could not be delivered; they are the oldest again. */
  release(events: readonly SerialisedEvent[]): Promise<void>;
  /** Lets go of events whose receipts were checked. */
  settle(events: readonly SerialisedEvent[]): Promise<void>;
  /** Lets go of an event that the server will never take, keeping why. */
  setAside(event: SerialisedEvent, reason: string): Promise<void>;
  /** What is in the spool, in hand or not, without what was set aside. */
  size(): SpoolSize;
  /** How many events nobody has in hand. */
  waiting(): number;
  close(): Promise<void>;
}
