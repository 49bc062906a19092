import type { Attempt, Evidence, OutcomeKind, Reason } from './attempt.js';
import type { PathMatcher } from './pattern.js';
import { endsInLoginSegment, pathOf } from './routes.js';

/** How an attempt came out, why, and what decided it. */
export interface Outcome {
  outcome: OutcomeKind;
  reason?: Reason;
  evidence: Evidence;
}

/** What a redirect's target means: the `redirects` option, compiled. */
export interface RedirectRules {
  success: PathMatcher;
  failure: PathMatcher;
  challenge: PathMatcher;
}

const FAILURE_QUERY = /[?&#](?:error|err|failed|failure|login_error|auth_error)(?:[=&]|$)/i;
const FAILURE_PATH = /\/[^/]*(?:fail|error|denied|unauthori[sz]ed|locked)[^/]*\/?$/i;
const CHALLENGE_PATH = /\/(?:mfa|2fa|otp|totp|two-factor|two_factor|challenge)(?:\/|$)/i;
const MAX_LOCATION = 2048;

/**
 * Decides how an attempt came out, by evidence, in this order: what the handler said; a login that was established within this exchange; where
 * the answer redirects to; the status. A session that was there before is no evidence, nor is a redirect to somewhere.
 *
 * @param attempt what was observed
 * @param redirects what the application says of its redirects
 */
export function decideOutcome(attempt: Attempt, redirects?: RedirectRules): Outcome {
  const { mark, ending } = attempt;
  if (mark) return { outcome: mark.outcome, ...(mark.reason && { reason: mark.reason }), evidence: 'marker' };
  if (sessionWasEstablished(attempt)) return { outcome: 'success', evidence: 'session' };
  if (ending.kind === 'aborted') return { outcome: 'failure', reason: 'aborted', evidence: 'aborted' };

  const target = isRedirect(ending.status) ? redirectMeans(ending.location ?? '', attempt.path, redirects) : undefined;
  if (userAppeared(attempt, ending.status) && target !== 'failure') return { outcome: 'success', evidence: 'user' };
  if (target === 'failure') return { outcome: 'failure', reason: 'invalid_credentials', evidence: 'redirect' };
  if (target !== undefined) return { outcome: target, evidence: 'redirect' };
  return byStatus(ending.status, attempt);
}

function sessionWasEstablished({ signs: { before, after }, cameWithCookie }: Attempt): boolean {
  if (after?.owner === undefined) return false;
  if (before === 'unseen') return !cameWithCookie;
  return before?.owner !== after.owner || before.id !== after.id;
}

/** A user that nobody put into a session, and that no token of the request explains. */
function userAppeared({ signs, cameWithBearer }: Attempt, status: number): boolean {
  return signs.userAppeared && signs.after?.owner === undefined && !cameWithBearer && status < 400;
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

function redirectMeans(location: string, path: string, rules: RedirectRules | undefined): OutcomeKind {
  const target = location.slice(0, MAX_LOCATION);
  const targetPath = pathOf(target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')) || '/';
  if (rules?.failure(targetPath)) return 'failure';
  if (rules?.challenge(targetPath)) return 'challenge';
  if (rules?.success(targetPath)) return 'success';
  if (FAILURE_QUERY.test(target) || FAILURE_PATH.test(targetPath)) return 'failure';
  if (CHALLENGE_PATH.test(targetPath)) return 'challenge';
  if (targetPath === path || endsInLoginSegment(targetPath)) return 'failure';
  return 'unknown';
}

function byStatus(status: number, attempt: Attempt): Outcome {
  if (status >= 500) return { outcome: 'failure', reason: 'server_error', evidence: 'status' };
  if (status >= 400) {
    const reason = REASON_OF_STATUS[status];
    return { outcome: 'failure', ...(reason && { reason }), evidence: 'status' };
  }
  const provesLogin = status >= 200 && status < 300 && !isFormShownAgain(attempt);
  return { outcome: provesLogin ? 'success' : 'unknown', evidence: 'status' };
}

const REASON_OF_STATUS: Partial<Record<number, Reason>> = {
  401: 'invalid_credentials',
  423: 'account_locked',
  429: 'rate_limited',
};

/** An application with sessions that answers 200 with a page and has logged nobody in is most likely showing its form again. */
function isFormShownAgain({ ending, signs }: Attempt): boolean {
  const html = ending.kind === 'answered' && ending.contentType?.startsWith('text/html');
  return html === true && signs.after !== undefined;
}
