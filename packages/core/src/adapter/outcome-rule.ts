import { AuditError } from '../errors.js';
import { REASONS, type RuleOutcome } from '../attempt/attempt.js';

const OUTCOMES: readonly unknown[] = ['success', 'failure', 'challenge'] satisfies RuleOutcome['outcome'][];

/**
 * Checks what the `outcome` option returned.
 *
 * @param answer what it returned
 * @throws AuditError `ERR_AUDIT_EXTRACTOR` when it is neither an outcome nor `{ outcome, reason }`
 */
export function readOutcomeRule(answer: unknown): RuleOutcome | 'skip' {
  if (answer === 'skip') return answer;
  const { outcome, reason } = (typeof answer === 'object' && answer !== null ? answer : { outcome: answer }) as Partial<RuleOutcome>;
  if (!OUTCOMES.includes(outcome)) throw unusable('outcome', OUTCOMES);
  if (reason !== undefined && !REASONS.includes(reason)) throw unusable('reason', REASONS);
  return { outcome: outcome!, ...(reason !== undefined && { reason }) };
}

function unusable(part: string, known: readonly unknown[]): AuditError {
  return new AuditError('ERR_AUDIT_EXTRACTOR', `"outcome" returned an unusable ${part}; expected one of ${known.join(', ')}.`, {
    field: 'outcome',
  });
}
