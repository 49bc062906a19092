import type { AuditEvent } from '@auditlogin/core';
import { canonicalText, sealOf } from '@auditlogin/core/log';
import { writeCursor } from '../store/cursor.js';
import type { StoredEvent } from '../store/log-reader.js';

/** An event as the viewer's page receives it. */
export interface ViewerEvent {
  id: string;
  /** The hash in the receipt. */
  hash: string;
  /** When the collector received it, in milliseconds since 1970. */
  received: number;
  /** Time of the event, or else of its receipt, in milliseconds since 1970. */
  time: number;
  /** The cursor after this event. If this is the last event of a page, the next page begins there. */
  cursor: string;
  /** The current names of the event's ids. */
  names: { actor: string | undefined; group: string | undefined; target: string | undefined };
  event: AuditEvent;
  /** The `external_id` of the event that corrects this one. */
  correctedBy: string | undefined;
  /** The text that was hashed. */
  canonical: string;
  seal: { instance: string; seq: number; keyId: string; seal: string; prev: string | null } | null;
}

/**
 * Converts an event for the viewer's page.
 *
 * @param stored the event
 */
export function viewerEvent(stored: StoredEvent): ViewerEvent {
  const { id, hash, received, canonicalTime, known, event, correctedBy } = stored;
  const seal = sealOf(event);
  return {
    id,
    hash,
    received,
    time: canonicalTime,
    cursor: writeCursor(stored),
    names: { actor: known.actor?.name, group: known.group?.name, target: known.target?.name },
    event,
    correctedBy,
    canonical: canonicalText(id, event),
    seal: seal ? { ...seal, prev: seal.prev ?? null } : null,
  };
}
