import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';

/**
 * What became of a batch.
 * `accepted`: stored, a receipt for each event in order. `handedOver`: safe with an engine, whose relay publishes it. `retry`: not stored (or, when `inDoubt`, perhaps stored); to be sent again, not before
 * `after` milliseconds if given. `refused`: the server will not take this batch as it is; `indexes` are the events that it objects to, if it
 * said so.
 */
export type Delivery = ServerDelivery | { kind: 'handedOver' };

/** What can become of a batch that is sent to the server itself. */
export type ServerDelivery =
  | { kind: 'accepted'; receipts: Receipt[] }
  | { kind: 'retry'; error: AuditError; inDoubt: boolean; after?: number }
  | { kind: 'refused'; error: AuditError; indexes: number[] };

/** What a search by our ids found: a receipt for each event that is stored; or that it failed, which proves nothing. */
export type Search = { kind: 'searched'; receipts: Map<string, Receipt> } | { kind: 'failed'; error: AuditError };

/** Carries batches to the server, or to an engine. */
export interface Transport<D extends Delivery = Delivery> {
  /**
   * Sends events; never rejects.
   *
   * @param events 1 to 50 events; one goes out by the single call, more by the bulk call
   */
  send(events: readonly SerialisedEvent[]): Promise<D>;
  /**
   * Looks up events by our ids; never rejects. The receipts are made from what is stored, since the server does not serve its hashes.
   *
   * @param externalIds our ids
   */
  find(externalIds: readonly string[]): Promise<Search>;
  /** Drops what is in flight and closes the connections. */
  close(): Promise<void>;
}
