import type { AuditEvent, Receipt } from '../event/event.js';

/** Whether the receipt's hash is the hash of the event that was sent. */
export type Verdict = 'verified' | 'mismatched';

/** A receipt, its event, and the result of the check. */
export interface CheckedReceipt {
  receipt: Receipt;
  verdict: Verdict;
  /** The event as it was sent. */
  event: AuditEvent;
}
