import { type Reason, REASONS, type OutcomeKind } from '../attempt/attempt.js';
import type { AuditEvent } from '../event/event.js';
import { isTrue } from '../event/canonical.js';

/** What other formats need of an event, read from its fields. */
export interface EventParts {
  outcome: OutcomeKind;
  reason?: Reason;
  /** Milliseconds since 1970. */
  time: number;
  factors: string[];
  /** Numbers in `fields` that are numbers elsewhere. */
  duration?: number;
  status?: number;
}

const OUTCOMES: readonly string[] = ['success', 'failure', 'challenge', 'unknown'] satisfies OutcomeKind[];

/**
 * Reads an event's fields. An event that was made by hand may have none; then `is_failure` tells the outcome.
 *
 * @param event an event as it was sent or read back
 */
export function partsOf(event: AuditEvent): EventParts {
  const { outcome, reason, factors, duration_ms, status } = event.fields ?? {};
  const said = OUTCOMES.find((known) => known === outcome) as OutcomeKind | undefined;
  const time = Date.parse(event.created ?? '');
  const duration = numberIn(duration_ms);
  const statusCode = numberIn(status);
  return {
    outcome: said ?? (isTrue(event.is_failure) ? 'failure' : 'success'),
    ...(REASONS.includes(reason as Reason) && { reason: reason as Reason }),
    time: Number.isNaN(time) ? 0 : time,
    factors: factors?.split(',') ?? [],
    ...(duration !== undefined && { duration }),
    ...(statusCode !== undefined && { status: statusCode }),
  };
}

function numberIn(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * An object without its undefined and empty members.
 *
 * @param members what may be there
 */
export function compact<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> });
}
