import { hash } from 'node:crypto';
import { canonicalText, escapePart } from './canonical.js';
import type { AuditEvent, Receipt } from './event.js';

/**
 * The server's hash of an event: SHA-256 over the canonical text in UTF-8, lower-case hex (Publisher API, "Hash").
 *
 * @param id the id in the server's receipt
 * @param event the event exactly as it was sent
 */
export function eventHash(id: string, event: AuditEvent): string {
  return hash('sha256', canonicalText(id, event));
}

/**
 * Whether the hash in a receipt is the hash of the event that was sent.
 *
 * @param receipt the server's receipt
 * @param tail the result of `canonicalTail` for the event that was sent
 */
export function receiptMatches(receipt: Receipt, tail: string): boolean {
  return hash('sha256', escapePart(receipt.id) + tail) === receipt.hash;
}
