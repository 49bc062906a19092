import { canonicalTail } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';
import type { SpooledEvent } from './spool.js';

/**
 * An event as it comes out of storage. The text behind the id is not stored: it follows from the bytes.
 *
 * @param row what is stored
 * @throws SyntaxError when its body is not JSON any more
 */
export function spooledEvent(row: Omit<SpooledEvent, 'tail' | 'bytes'>): SpooledEvent {
  const { seq, id, body, isFailure, queuedAt, inDoubt, crashes } = row;
  const tail = canonicalTail(JSON.parse(body) as AuditEvent);
  return { seq, id, body, tail, bytes: Buffer.byteLength(body), isFailure, queuedAt, inDoubt, crashes };
}
