import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';

/**
 * The result of sending a batch. `accepted`: the server stored the events; the receipts are in the order of the events. `handedOver`: an engine
 * stored them, and a relay will publish them. `retry`: the batch was not accepted, and nothing proves why; it may be sent again, after `after`
 * milliseconds if given; if `inDoubt`, the server may have stored it. `refused`: the server said in its own words that it will never accept this
 * batch; `indexes` are the events it objects to, if it named any.
 */
export type Delivery = ServerDelivery | { kind: 'handedOver' };

/** The results that are possible when a batch is sent to the server itself. */
export type ServerDelivery =
  | { kind: 'accepted'; receipts: Receipt[] }
  | { kind: 'retry'; error: AuditError; inDoubt: boolean; after?: number }
  | { kind: 'refused'; error: AuditError; indexes: number[] };

/** The result of a search by `external_id`: the receipts of the events found, or the error of a search that failed and so proves nothing. */
export type Search = { kind: 'searched'; receipts: Map<string, Receipt> } | { kind: 'failed'; error: AuditError };

/** Sends batches to the server or to an engine. */
export interface Transport<D extends Delivery = Delivery> {
  /**
   * Sends events. The promise never rejects.
   *
   * @param events 1 to 50 events; one event is sent by the single call, several by the bulk call
   */
  send(events: readonly SerialisedEvent[]): Promise<D>;
  /**
   * Searches for events by `external_id`. The promise never rejects. The hashes in the receipts are computed from the stored events, since the API
   * does not return them.
   *
   * @param externalIds the ids to search for
   */
  find(externalIds: readonly string[]): Promise<Search>;
  /** Aborts the calls in flight and closes the connections. */
  close(): Promise<void>;
}
