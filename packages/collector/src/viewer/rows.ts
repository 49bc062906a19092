import type { AuditEvent } from '@auditlogin/core';
import { canonicalText, sealOf } from '@auditlogin/core/log';
import { writeCursor } from '../store/cursor.js';
import type { StoredEvent } from '../store/log-reader.js';

/** An event as the page of the viewer gets it. */
export interface ViewerEvent {
  id: string;
  /** The hash that the receipt gave. */
  hash: string;
  /** When the collector received it, in milliseconds since 1970. */
  received: number;
  /** When it happened, or else when it was received, in milliseconds since 1970. */
  time: number;
  /** The cursor behind this event: the next page begins there if this is the last event of its page. */
  cursor: string;
  /** The names that are held now for the event's ids. */
  names: StoredEvent['names'];
  event: AuditEvent;
  /** The `external_id` of the event that corrects this one. */
  correctedBy: string | undefined;
  /** The text that was hashed. */
  canonical: string;
  seal: { instance: string; seq: number; keyId: string; seal: string; prev: string | null } | null;
}

/**
 * Prepares an event for the page of the viewer.
 *
 * @param stored the event
 */
export function viewerEvent(stored: StoredEvent): ViewerEvent {
  const { id, hash, received, canonicalTime, names, event, correctedBy } = stored;
  const seal = sealOf(event);
  return {
    id,
    hash,
    received,
    time: canonicalTime,
    cursor: writeCursor(stored),
    names,
    event,
    correctedBy,
    canonical: canonicalText(id, event),
    seal: seal ? { ...seal, prev: seal.prev ?? null } : null,
  };
}
