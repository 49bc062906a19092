import { type Reason, REASONS, type OutcomeKind } from '../attempt/attempt.js';
import type { AuditEvent } from '../event/event.js';
import { isTrue } from '../event/canonical.js';

/** The values that other formats need, read from the event's fields. */
export interface EventParts {
  outcome: OutcomeKind;
  reason: Reason | undefined;
  /** In milliseconds since 1970; 0 if the event has no valid `created`. */
  time: number;
  factors: string[];
  /** In milliseconds. */
  duration: number | undefined;
  /** The HTTP status of the response. */
  status: number | undefined;
}

const OUTCOMES: readonly OutcomeKind[] = ['success', 'failure', 'challenge', 'unknown'];

/**
 * Reads an event's fields. If a hand-made event has no `fields.outcome`, the outcome follows from `is_failure`.
 *
 * @param event an event as it was sent or read back
 */
export function partsOf(event: AuditEvent): EventParts {
  const { outcome, reason, factors, duration_ms, status } = event.fields ?? {};
  const time = Date.parse(event.created ?? '');
  return {
    outcome: OUTCOMES.find((known) => known === outcome) ?? (isTrue(event.is_failure) ? 'failure' : 'success'),
    reason: REASONS.find((known) => known === reason),
    time: Number.isNaN(time) ? 0 : time,
    factors: factors?.split(',') ?? [],
    duration: numberIn(duration_ms),
    status: numberIn(status),
  };
}

function numberIn(text: string | undefined): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * Copies an object without its undefined members.
 *
 * @param members the object
 * @returns undefined if no member is left
 */
export function compact<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } | undefined {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> });
}
