import { isAction } from '../attempt/action.js';
import { OUTCOMES, REASONS, type RuleOutcome } from '../attempt/attempt.js';
import { AuditError } from '../errors.js';

const MAX_ATTEMPTS = 1_000;

/**
 * Validates the result of the `outcome` option.
 *
 * @param answer one outcome, `{ outcome, … }`, `skip`, or a list of these
 * @returns one result for each attempt
 * @throws AuditError `ERR_AUDIT_EXTRACTOR` if it is anything else
 */
export function readOutcomeRule(answer: unknown): (RuleOutcome | 'skip')[] {
  return Array.isArray(answer) ? answer.slice(0, MAX_ATTEMPTS).map(readOne) : [readOne(answer)];
}

function readOne(answer: unknown): RuleOutcome | 'skip' {
  if (answer === 'skip') return answer;
  const said = (typeof answer === 'object' && answer !== null ? answer : { outcome: answer }) as RuleOutcome;
  if (!OUTCOMES.includes(said.outcome)) throw unusable('outcome', OUTCOMES);
  if (said.reason !== undefined && !REASONS.includes(said.reason)) throw unusable('reason', REASONS);
  if (said.action !== undefined && !isAction(said.action)) throw unusable('action', ['an action of the audit, e.g. user.login']);
  const { outcome, reason, action, actor, group, identity, target, originalActor, method, factors } = said;
  const all: Record<string, unknown> = { outcome, reason, action, actor, group, identity, target, originalActor, method, factors };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null)) as unknown as RuleOutcome;
}

function unusable(part: string, known: readonly unknown[]): AuditError {
  return new AuditError('ERR_AUDIT_EXTRACTOR', `"outcome" returned an unusable ${part}; expected one of ${known.join(', ')}.`, {
    field: 'outcome',
  });
}
