import { type AuditEvent, isTrue } from '@auditlogin/core';

/** What the viewer filters and counts by, read out of an event once, when it is stored. */
export interface Facts {
  /** `fields.outcome`, else what `is_failure` says. */
  outcome: string;
  reason: string | null;
  /** The actor's id, or the identity that was typed. */
  account: string | null;
  /** The address as the server takes it, or as it was seen. */
  address: string | null;
  /** How many attempts it stands for: more than one, when failures were folded. */
  attempts: number;
}

/**
 * Reads the facts of an event.
 *
 * @param event the event as it was sent
 */
export function factsOf({ fields, actor, source_ip, is_failure }: AuditEvent): Facts {
  return {
    outcome: textOrNull(fields?.['outcome']) ?? (isTrue(is_failure) ? 'failure' : 'success'),
    reason: textOrNull(fields?.['reason']),
    account: textOrNull(actor?.id) ?? textOrNull(fields?.['identity']),
    address: textOrNull(source_ip) ?? textOrNull(fields?.['source_ip_seen']),
    attempts: attemptsOf(fields?.['folded_count']),
  };
}

function attemptsOf(folded: unknown): number {
  return typeof folded === 'string' && /^[1-9]\d{0,11}$/.test(folded) ? Number(folded) : 1;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
