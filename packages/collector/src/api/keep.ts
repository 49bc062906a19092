import { type AuditEvent, eventHash, type Receipt } from '@auditlogin/core';
import { eventId } from '@auditlogin/core/log';
import type { Store } from '../store/store.js';

/**
 * Stores events, each under an id of its own.
 *
 * @param store where
 * @param project whose they are
 * @param events as they were sent, found to be in order
 * @returns the receipts, in order
 */
export async function keep(store: Store, project: string, events: readonly AuditEvent[]): Promise<Receipt[]> {
  const kept = events.map((event) => {
    // Ids in the order of time are added at the end of their index, not all over it.
    const id = eventId(Date.now()).replaceAll('-', '');
    return { id, hash: eventHash(id, event), event };
  });
  await store.insert(project, kept);
  return kept.map(({ id, hash }) => ({ id, hash }));
}
