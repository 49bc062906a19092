import { isLoginAction } from '../action.js';
import type { Attempt } from '../attempt.js';
import type { EvidenceSource } from './statement.js';

/** Schemes whose header is the credential that is being checked, and not the reminder of an earlier check. */
const CHECKED_HERE = new Set(['basic', 'digest', 'negotiate', 'ntlm']);

/** The framework's user was set during this exchange, and nothing that the request brought explains it. */
export const user: EvidenceSource = (attempt) => {
  if (!isLoginAction(attempt.action) || !attempt.userAppeared || isExplained(attempt)) return undefined;
  return { evidence: 'user', says: 'success', strength: 'sign', ...(attempt.user && { account: attempt.user }) };
};

function isExplained({ credentials: { cookie, authorization, header }, foundBy, form }: Attempt): boolean {
  if (form.namesClient) return true;
  // The credential is the header itself, unless the body carries one of its own.
  if (authorization !== undefined && CHECKED_HERE.has(authorization) && foundBy === 'route' && !form.carriesCredential) return false;
  return cookie || authorization !== undefined || header;
}
