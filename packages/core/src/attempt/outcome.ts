import type { Attempt, NamedAccount, OutcomeKind, Reason } from './attempt.js';
import { body } from './evidence/body.js';
import { credential } from './evidence/credential.js';
import { library } from './evidence/library.js';
import { marker } from './evidence/marker.js';
import { redirect } from './evidence/redirect.js';
import { rule } from './evidence/rule.js';
import { session } from './evidence/session.js';
import type { EvidenceSource, Statement } from './evidence/statement.js';
import { status } from './evidence/status.js';
import { user } from './evidence/user.js';
import { NO_REDIRECT_RULES, type RedirectRules } from './redirects.js';

/** The outcome of an attempt, its reason, and the evidence that decided it. */
export interface Outcome {
  outcome: OutcomeKind;
  reason?: Reason;
  /** The deciding evidence, strongest first. If nothing could be decided, all evidence that contradicts itself. */
  evidence: readonly string[];
  /** The evidence against the decision. */
  contrary: readonly Statement[];
  /** The account in the deciding evidence. */
  account?: NamedAccount;
}

/** All kinds of evidence, in the order in which events name them. To add a kind, add a file and a line here. */
const SOURCES: readonly EvidenceSource[] = [marker, rule, library, session, credential, user, redirect, body, status];

/**
 * Decides the outcome of an attempt. A handler's mark decides alone. Otherwise a rule of the application decides, but its success counts only with a
 * status below 400. Otherwise the observed evidence decides: a challenge together with successes is a challenge, and a failure together with a
 * success is `unknown`.
 *
 * @param attempt the attempt
 * @param redirects redirect rules of the application
 */
export function decideOutcome(attempt: Attempt, redirects: RedirectRules = NO_REDIRECT_RULES): Outcome {
  const statements = SOURCES.map((source) => source(attempt, redirects)).filter((one) => one !== undefined);
  const account = statements.find((one) => one.account)?.account;
  const about = account && { account };
  const word = statements.find(({ strength }) => strength === 'word');
  if (word) return { ...decided(word, statements), ...about };
  const rules = statements.filter(({ strength }) => strength === 'rule');
  const ruling = rules.find(({ says }) => says === 'failure' || says === 'challenge') ?? rules[0];
  if (ruling) return { ...byRule(ruling, statements), ...about };
  return { ...bySigns(statements, attempt), ...about };
}

function decided(statement: Statement, all: readonly Statement[]): Outcome {
  const contrary = all.filter((one) => one !== statement && one.says !== statement.says);
  return { outcome: statement.says, ...reasonOf([statement]), evidence: [statement.evidence], contrary };
}

function byRule(ruling: Statement, all: readonly Statement[]): Outcome {
  const refusal = ruling.says === 'success' && all.find(({ strength, says }) => strength === 'status' && says === 'failure');
  return refusal ? contradiction([ruling, refusal]) : decided(ruling, all);
}

function bySigns(signs: readonly Statement[], { ending }: Attempt): Outcome {
  const saying = (outcome: OutcomeKind): Statement[] => signs.filter(({ says }) => says === outcome);
  const [successes, failures, challenges, doubts] = [saying('success'), saying('failure'), saying('challenge'), saying('unknown')];
  if (doubts.length > 0) return contradiction(signs);
  if (failures.length > 0) return successes.length + challenges.length > 0 ? contradiction(signs) : agreed('failure', failures);
  if (challenges.length > 0) return agreed('challenge', challenges);
  if (successes.length > 0) return agreed('success', successes);
  if (ending.kind === 'aborted') return { outcome: 'unknown', reason: 'aborted', evidence: ['aborted'], contrary: [] };
  return { outcome: 'unknown', evidence: ['status'], contrary: [] };
}

function agreed(outcome: OutcomeKind, statements: readonly Statement[]): Outcome {
  return { outcome, ...reasonOf(statements), evidence: [statements[0]!.evidence], contrary: [] };
}

/** Contradicting evidence proves nothing. The event names all of it. */
function contradiction(statements: readonly Statement[]): Outcome {
  return { outcome: 'unknown', ...reasonOf(statements), evidence: statements.map(({ evidence }) => evidence), contrary: [] };
}

function reasonOf(statements: readonly Statement[]): { reason?: Reason } {
  const known = statements.find(({ reason }) => reason !== undefined)?.reason;
  return known === undefined ? {} : { reason: known };
}
