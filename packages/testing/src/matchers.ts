import type { AuditEvent, Reason } from '@auditlogin/core';
import type { OutcomeKind } from '@auditlogin/core/adapter';
import type { RecordingAuditor } from './recording-auditor.js';

/** The expected attributes of an event. Attributes that are left out are not compared. */
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

/** The matchers that are added to `expect(auditor)`. */
export interface AuditMatchers<R> {
  /** Passes if at least one event has all of these attributes. */
  toHaveAudited(expected?: AuditExpectation): R;
  /** Passes if there is exactly one event and it has all of these attributes. */
  toHaveAuditedOnce(expected?: AuditExpectation): R;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the way in which Jest's types are extended
  namespace jest {
    // The type parameters must be those of @types/jest, or the declarations would not merge. eslint-disable-next-line
    // @typescript-eslint/no-unused-vars, @typescript-eslint/no-empty-object-type
    interface Matchers<R, T = {}> extends AuditMatchers<Promise<R>> {}
  }
}

interface MatcherResult {
  pass: boolean;
  message(): string;
}

/**
 * Matchers for Jest; register them by `expect.extend(auditMatchers)`. Vitest registers them by `import '@auditlogin/testing/vitest'`. `await
 * expect(auditor).toHaveAudited({ outcome: 'failure', reason: 'wrong_password' })` expects at least one event with these attributes, `await
 * expect(auditor).toHaveAuditedOnce({ … })` exactly one event. Both wait for the event.
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
    // Waits for a second event, which would follow at once.
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
