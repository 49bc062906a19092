import { type AuditAction, isLoginAction } from './action.js';
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
 * Decides how an attempt came out, by evidence, in this order: what the handler said; what the session shows to have happened within this
 * exchange; a user that appeared; where the answer redirects to; what the `outcome` option read in its body; the status. A session that was there
 * before is no evidence of a login, nor is a redirect to somewhere.
 *
 * @param attempt what was observed
 * @param redirects what the application says of its redirects
 */
export function decideOutcome(attempt: Attempt, redirects?: RedirectRules): Outcome {
  const { mark, ending, ruled } = attempt;
  if (mark) return { outcome: mark.outcome, ...(mark.reason && { reason: mark.reason }), evidence: 'marker' };
  if (sessionShows(attempt)) return { outcome: 'success', evidence: 'session' };
  if (ending.kind === 'aborted') return { outcome: 'failure', reason: 'aborted', evidence: 'aborted' };

  const isLogin = isLoginAction(attempt.action);
  const target = isRedirect(ending.status) ? redirectMeans(ending.location ?? '', attempt.path, isLogin, redirects) : undefined;
  if (isLogin && userAppeared(attempt, ending.status) && target !== 'failure') return { outcome: 'success', evidence: 'user' };
  if (target === 'failure') return { outcome: 'failure', ...reason(isLogin ? 'invalid_credentials' : undefined), evidence: 'redirect' };
  if (target === 'success' || target === 'challenge') return { outcome: target, evidence: 'redirect' };
  if (ruled) return { outcome: ruled.outcome, ...reason(ruled.reason), evidence: 'body' };
  if (target !== undefined) return { outcome: 'unknown', evidence: 'redirect' };
  return byStatus(ending.status, attempt);
}

/** Whether the session changed within this exchange in the way in which the action changes it. */
function sessionShows(attempt: Attempt): boolean {
  const { before, after } = attempt.signs;
  const seen = before === 'unseen' ? undefined : before;
  switch (attempt.action) {
    case 'user.login':
    case 'user.login.challenge':
      return sessionWasEstablished(attempt);
    case 'user.logout':
      return seen?.owner !== undefined && after?.owner === undefined;
    case 'user.session.refresh':
      return seen?.owner !== undefined && seen.owner === after?.owner && seen.id !== after.id;
    case 'user.impersonate.start':
    case 'user.impersonate.stop':
      return seen?.owner !== undefined && after?.owner !== undefined && seen.owner !== after.owner;
    default:
      return false;
  }
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

function redirectMeans(location: string, path: string, isLogin: boolean, rules: RedirectRules | undefined): OutcomeKind {
  const target = location.slice(0, MAX_LOCATION);
  const targetPath = pathOf(target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')) || '/';
  if (rules?.failure(targetPath)) return 'failure';
  if (rules?.challenge(targetPath)) return 'challenge';
  if (rules?.success(targetPath)) return 'success';
  if (FAILURE_QUERY.test(target) || FAILURE_PATH.test(targetPath)) return 'failure';
  // Who has logged out or reset a password is sent to the login page.
  if (!isLogin) return 'unknown';
  if (CHALLENGE_PATH.test(targetPath)) return 'challenge';
  if (targetPath === path || endsInLoginSegment(targetPath)) return 'failure';
  return 'unknown';
}

function byStatus(status: number, attempt: Attempt): Outcome {
  if (status >= 500) return { outcome: 'failure', reason: 'server_error', evidence: 'status' };
  if (status >= 400) return { outcome: 'failure', ...reason(reasonOfStatus(status, attempt.action)), evidence: 'status' };
  const isProof = status >= 200 && status < 300 && !isFormShownAgain(attempt);
  if (!isProof) return { outcome: 'unknown', evidence: 'status' };
  return { outcome: attempt.action === 'user.login.challenge' ? 'challenge' : 'success', evidence: 'status' };
}

function reasonOfStatus(status: number, action: AuditAction): Reason | undefined {
  if (status === 401) return action === 'user.login.challenge' ? 'mfa_failed' : 'invalid_credentials';
  if (status === 423) return 'account_locked';
  return status === 429 ? 'rate_limited' : undefined;
}

function reason(known: Reason | undefined): { reason?: Reason } {
  return known === undefined ? {} : { reason: known };
}

/** An application with sessions that answers 200 with a page and has logged nobody in is most likely showing its form again. */
function isFormShownAgain({ ending, signs }: Attempt): boolean {
  const html = ending.kind === 'answered' && ending.contentType?.startsWith('text/html');
  return html === true && signs.after !== undefined;
}
