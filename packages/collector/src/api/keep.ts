import { type AuditEvent, eventHash, type Receipt } from '@auditlogin/core';
import { uuidv7obj } from 'uuidv7';
import type { Store } from '../store/store.js';

/**
 * Stores events under new ids.
 *
 * @param store the store
 * @param project the project of the events
 * @param events the events as they were sent, without violations
 * @returns their receipts, in the order of the events
 */
export async function keep(store: Store, project: string, events: readonly AuditEvent[]): Promise<Receipt[]> {
  const kept = events.map((event) => {
    // A UUIDv7 in the 32 digits of the real server's ids. Each is greater than the one before, so events of the same time stay in the order of arrival.
    const id = uuidv7obj().toHex();
    return { id, hash: eventHash(id, event), event };
  });
  await store.insert(project, kept);
  return kept.map(({ id, hash }) => ({ id, hash }));
}
