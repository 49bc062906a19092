import type { RedirectRules } from '../redirects.js';
import type { Attempt, NamedAccount, OutcomeKind, Reason } from '../attempt.js';

/**
 * How much a statement weighs. `word`: the application itself speaks about this attempt, in its handler. `rule`: it told us beforehand how to read its
 * answers. `sign`: we read it from what happened; signs are equal, so two that disagree prove nothing. `status`: what a status alone says.
 */
type Strength = 'word' | 'rule' | 'sign' | 'status';

/** What one kind of evidence says about an attempt. */
export interface Statement {
  /** Its name in `fields.evidence`: `marker`, `session`, `passport`, … */
  evidence: string;
  says: OutcomeKind;
  strength: Strength;
  reason?: Reason;
  /** The account that this evidence names; nothing that was there before the attempt. */
  account?: NamedAccount;
}

/** One kind of evidence: what it says, if it speaks. Pure. */
export type EvidenceSource = (attempt: Attempt, redirects: RedirectRules) => Statement | undefined;
