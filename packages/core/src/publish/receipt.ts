import type { AuditEvent, Receipt } from '../event/event.js';

/** What checking a receipt showed. */
export type Verdict = 'verified' | 'mismatched';

/** A receipt, the event that it is for, and what checking it showed. */
export interface CheckedReceipt {
  receipt: Receipt;
  verdict: Verdict;
  /** The event as it was sent. */
  event: AuditEvent;
}
