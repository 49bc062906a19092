import type { RedirectRules } from '../redirects.js';
import type { Attempt, NamedAccount, OutcomeKind, Reason } from '../attempt.js';

/**
 * The weight of a statement. `word`: a handler stated the outcome of this attempt. `rule`: an option of the application decided. `sign`: an observation; all
 * signs have the same weight, so two that disagree prove nothing. `status`: the status of the response.
 */
type Strength = 'word' | 'rule' | 'sign' | 'status';

/** What one kind of evidence says about an attempt. */
export interface Statement {
  /** The name in `fields.evidence`: `marker`, `session`, `passport`, … */
  evidence: string;
  says: OutcomeKind;
  strength: Strength;
  reason?: Reason;
  /** The account that this evidence names. It must not come from before the attempt. */
  account?: NamedAccount;
}

/** One kind of evidence: a pure function that returns its statement, or undefined if there is no such evidence. */
export type EvidenceSource = (attempt: Attempt, redirects: RedirectRules) => Statement | undefined;
