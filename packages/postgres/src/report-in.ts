import { eventId, normaliseEvent } from '@auditlogin/core/log';
import type { EventInput } from '@auditlogin/core';
import { serialise } from '@auditlogin/core/engine';

/** A client, pool client or pool of `pg`. */
export interface Queryable {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/**
 * Queues an event in the caller's own transaction: it is published if that commits, and never was if it rolls back. Between such events no order is kept, and
 * they carry no seal.
 *
 * @param client the connection that the transaction runs on
 * @param event the event; ids may be numbers, `created` may be a Date
 * @returns the event's `external_id`
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID`; what the database throws is passed on, since the transaction is the caller's
 */
export async function reportIn(client: Queryable, event: EventInput): Promise<string> {
  const normalised = normaliseEvent(event);
  const id = normalised.external_id ?? eventId(Date.parse(normalised.created!));
  const { body, bytes, isFailure } = serialise({ ...normalised, external_id: id });
  await client.query(
    `INSERT INTO auditlogin_outbox (id, instance, body, bytes, is_failure, queued_at) VALUES ($1, '', $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
    [id, body, bytes, isFailure, Date.now()],
  );
  return id;
}
