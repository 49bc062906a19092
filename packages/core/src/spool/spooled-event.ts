import { canonicalTail } from '../event/canonical.js';
import type { AuditEvent } from '../event/event.js';
import type { SpooledEvent } from './spool.js';

/**
 * An event as it comes out of storage. Its id and the text behind the server's are not stored: they follow from the bytes.
 *
 * @param row what is stored
 * @throws SyntaxError when its body is not JSON any more
 */
export function spooledEvent(row: Pick<SpooledEvent, 'seq' | 'body' | 'queuedAt' | 'inDoubt' | 'crashes'>): SpooledEvent {
  const { seq, body, queuedAt, inDoubt, crashes } = row;
  const event = JSON.parse(body) as AuditEvent & { external_id: string };
  const bytes = Buffer.byteLength(body);
  return {
    ...{ seq, id: event.external_id, body, tail: canonicalTail(event), bytes, isFailure: event.is_failure === true },
    ...{ queuedAt, inDoubt, crashes },
  };
}
