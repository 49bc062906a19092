import { isLoginAction } from '../action.js';
import type { Attempt } from '../attempt.js';
import type { EvidenceSource } from './statement.js';

/** Schemes whose header contains the credential that is checked, instead of a token from an earlier login. */
const CHECKED_HERE = new Set(['basic', 'digest', 'negotiate', 'ntlm']);

/** The framework's user was set during this request, and the request carried no credential that would explain it. */
export const user: EvidenceSource = (attempt) => {
  if (!isLoginAction(attempt.action) || !attempt.userAppeared || isExplained(attempt)) return undefined;
  return { evidence: 'user', says: 'success', strength: 'sign', ...(attempt.user && { account: attempt.user }) };
};

function isExplained({ credentials: { cookie, authorization, header }, foundBy, form }: Attempt): boolean {
  if (form.namesClient) return true;
  // The header is the credential that is checked, unless the body carries a credential of its own.
  if (authorization !== undefined && CHECKED_HERE.has(authorization) && foundBy === 'route' && !form.carriesCredential) return false;
  return cookie || authorization !== undefined || header;
}
