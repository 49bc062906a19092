import type { AuditEvent, Reason } from '@auditlogin/core';
import type { OutcomeKind } from '@auditlogin/core/adapter';
import type { RecordingAuditor } from './recording-auditor.js';

/** What an event should say; what is left out may be anything. */
export interface AuditExpectation {
  outcome?: OutcomeKind;
  reason?: Reason;
  evidence?: string;
  action?: string;
  /** The actor's id, or `null` for an anonymous event. */
  actor?: string | null;
  /** The group's id, or `null` for none. */
  group?: string | null;
  method?: string;
}

/** What is added to `expect(auditor)`. */
export interface AuditMatchers<R> {
  /** At least one event says all of this. */
  toHaveAudited(expected?: AuditExpectation): R;
  /** Exactly one event came, and it says all of this. */
  toHaveAuditedOnce(expected?: AuditExpectation): R;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way in which Jest's types are extended
  namespace jest {
    // The parameters are those of @types/jest, or the two would not merge.
    // eslint-disable-next-line @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type
    interface Matchers<R, T = {}> extends AuditMatchers<Promise<R>> {}
  }
}

interface MatcherResult {
  pass: boolean;
  message(): string;
}

/**
 * Matchers for Jest, and for Vitest, which registers them by `import '@auditlogin/testing/vitest'`: `expect.extend(auditMatchers)`, then
 * `await expect(auditor).toHaveAudited({ outcome: 'failure', reason: 'wrong_password' })` (at least one event says all of this) and
 * `await expect(auditor).toHaveAuditedOnce({ … })` (exactly one event came, and it says all of this). Both wait for the event.
 */
export const auditMatchers = {
  async toHaveAudited(auditor: RecordingAuditor, expected: AuditExpectation = {}): Promise<MatcherResult> {
    const events = await auditor.settled(1);
    return result(
      events.some((event) => says(event, expected)),
      'an event',
      events,
      expected,
    );
  },
  async toHaveAuditedOnce(auditor: RecordingAuditor, expected: AuditExpectation = {}): Promise<MatcherResult> {
    await auditor.settled(1);
    // A second event of the same attempt would follow at once.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const events = await auditor.settled(1);
    return result(events.length === 1 && says(events[0]!, expected), 'exactly one event', events, expected);
  },
};

function says(event: AuditEvent, expected: AuditExpectation): boolean {
  const seen = summaryOf(event);
  return Object.entries(expected).every(([key, value]) => value === undefined || seen[key as keyof AuditExpectation] === value);
}

function summaryOf({ action, actor, group, fields }: AuditEvent): Record<keyof AuditExpectation, unknown> {
  const { outcome, reason, evidence, method } = fields ?? {};
  return { outcome, reason, evidence, action, actor: actor?.id ?? null, group: group?.id ?? null, method };
}

function result(pass: boolean, wanted: string, events: readonly AuditEvent[], expected: AuditExpectation): MatcherResult {
  return {
    pass,
    message() {
      const seen = events.length === 0 ? 'none' : events.map((event) => `\n  ${JSON.stringify(summaryOf(event))}`).join('');
      return `expected ${pass ? 'not ' : ''}${wanted} with ${JSON.stringify(expected)}; there ${events.length === 1 ? 'was' : 'were'} ${seen}`;
    },
  };
}
