import { eventId, normaliseEvent } from '@auditlogin/core/log';
import type { EventInput } from '@auditlogin/core';
import { serialise } from '@auditlogin/core/engine';

/** A client, pool client or pool of `pg`. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/**
 * Queues an event in the caller's own transaction. It is published if the transaction commits, and discarded if it rolls back. The order of such
 * events is not kept, and they are not sealed.
 *
 * @param client the connection that runs the transaction
 * @param event the event; ids may be numbers, `created` may be a Date
 * @returns the event's `external_id`
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID`; errors of the database are passed on, since the transaction belongs to the caller
 */
export async function reportIn(client: Queryable, event: EventInput): Promise<string> {
  const normalised = normaliseEvent(event);
  const id = normalised.external_id ?? eventId(Date.parse(normalised.created!));
  const { body, bytes } = serialise({ ...normalised, external_id: id });
  await client.query(
    `INSERT INTO auditlogin_outbox (id, instance, body, bytes, queued_at) VALUES ($1, '', $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
    [id, body, bytes, Date.now()],
  );
  return id;
}
