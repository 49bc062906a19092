import type { AuditError } from '../errors.js';
import type { Receipt } from '../event/event.js';
import type { SpooledEvent } from '../spool/spool.js';
import type { Verdict } from './receipt.js';

/** Called by the publisher while it works. */
export interface PublisherListener {
  /** The server stored an event, and the receipt was verified or does not match. */
  receipt(event: SpooledEvent, receipt: Receipt, verdict: Verdict): void;
  /** An engine accepted events, which a relay will publish. */
  handedOver(events: readonly SpooledEvent[]): void;
  /** An event was set aside, since the server refuses it or it is too old. */
  setAside(event: SpooledEvent, error: AuditError): void;
  /** A call failed. The events stay in the spool and are sent again after `wait` milliseconds. */
  failed(error: AuditError, wait: number): void;
  /** The spool itself failed. */
  broken(thrown: unknown): void;
}
