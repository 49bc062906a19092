import { isLoginAction, type AuditAction } from '../action.js';
import type { Attempt, Reason } from '../attempt.js';
import type { EvidenceSource } from './statement.js';

const REASONS_OF_STATUS: Partial<Record<number, Reason>> = { 401: 'invalid_credentials', 423: 'account_locked', 429: 'rate_limited' };

/** 4xx and 5xx are failures, the first legs of a negotiation a challenge. 2xx and 3xx prove nothing about a login. */
export const status: EvidenceSource = (attempt) => {
  const { ending, action } = attempt;
  if (ending.status === undefined) return undefined;
  if (ending.status === 401 && isNegotiation(attempt)) return { evidence: 'status', says: 'challenge', strength: 'status' };
  if (ending.status >= 400) {
    const reason = reasonOfStatus(ending.status, action);
    return { evidence: 'status', says: 'failure', strength: 'status', ...(reason && { reason }) };
  }
  // Somebody who is in already asked for it, and was not refused.
  return !isLoginAction(action) && ending.status < 300 ? { evidence: 'status', says: 'success', strength: 'status' } : undefined;
};

/**
 * The reason that a status itself gives.
 *
 * @param code the status
 * @param action what was tried
 */
function reasonOfStatus(code: number, action: AuditAction): Reason | undefined {
  if (code >= 500) return 'server_error';
  if (code === 401 && action === 'user.login.challenge') return 'mfa_failed';
  return REASONS_OF_STATUS[code];
}

/** SPNEGO (RFC 4559) goes on while the server answers with a token; Digest (RFC 7616) begins with a 401, and again when a nonce is stale. */
function isNegotiation({ ending: { authenticate = '' }, credentials: { authorization }, form }: Attempt): boolean {
  if (/\b(?:negotiate|ntlm) +[\w+/=-]/i.test(authenticate)) return true;
  if (/\bdigest\b.*\bstale *= *"?true/i.test(authenticate)) return true;
  if (authorization !== undefined || form.carriesCredential) return false;
  return /\b(?:negotiate|ntlm|digest)\b/i.test(authenticate);
}
