import type { AuditEvent } from '@auditlogin/core';
import { canonicalText, sealOf } from '@auditlogin/core/log';
import { writeCursor } from '../store/cursor.js';
import type { StoredEvent } from '../store/log-reader.js';

/** An event as the viewer's page gets it. */
export interface ViewerEvent {
  id: string;
  /** The server's hash, as it stands in the receipt. */
  hash: string;
  /** In milliseconds since 1970. */
  received: number;
  /** When it happened, or else when it was received. */
  time: number;
  /** Where the next page begins, if this is the last of its page. */
  cursor: string;
  /** The names that are held now for the event's ids. */
  names: StoredEvent['names'];
  event: AuditEvent;
  /** The text that was hashed; the page recomputes it from the event, and compares. */
  canonical: string;
  seal: { instance: string; seq: number; keyId: string; seal: string; prev: string | null } | null;
}

/**
 * Prepares an event for the viewer's page.
 *
 * @param stored the event
 */
export function viewerEvent(stored: StoredEvent): ViewerEvent {
  const { id, hash, received, canonicalTime, names, event } = stored;
  const seal = sealOf(event);
  return {
    id,
    hash,
    received,
    time: canonicalTime,
    cursor: writeCursor(stored),
    names,
    event,
    canonical: canonicalText(id, event),
    seal: seal ? { ...seal, prev: seal.prev ?? null } : null,
  };
}
