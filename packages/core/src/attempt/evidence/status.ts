import { isLoginAction, type AuditAction } from '../action.js';
import type { Attempt, Reason } from '../attempt.js';
import type { EvidenceSource } from './statement.js';

const REASONS_OF_STATUS: Partial<Record<number, Reason>> = { 401: 'invalid_credentials', 423: 'account_locked', 429: 'rate_limited' };

/** A status of 4xx or 5xx is a failure, and the first responses of a negotiation are challenges. 2xx and 3xx prove nothing about a login. */
export const status: EvidenceSource = (attempt) => {
  const { ending, action } = attempt;
  if (ending.status === undefined) return undefined;
  if (ending.status === 401 && isNegotiation(attempt)) return { evidence: 'status', says: 'challenge', strength: 'status' };
  if (ending.status >= 400) {
    const reason = reasonOfStatus(ending.status, action);
    return { evidence: 'status', says: 'failure', strength: 'status', ...(reason && { reason }) };
  }
  // Somebody who is logged in requested another action, and the application did not refuse it.
  return !isLoginAction(action) && ending.status < 300 ? { evidence: 'status', says: 'success', strength: 'status' } : undefined;
};

/**
 * Derives the reason from a status.
 *
 * @param code the status
 * @param action the action of the attempt
 */
function reasonOfStatus(code: number, action: AuditAction): Reason | undefined {
  if (code >= 500) return 'server_error';
  if (code === 401 && action === 'user.login.challenge') return 'mfa_failed';
  return REASONS_OF_STATUS[code];
}

/** Whether a 401 is part of a negotiation. SPNEGO (RFC 4559) continues while the server sends a token. Digest (RFC 7616) begins with a 401, and begins again when a nonce is stale. */
function isNegotiation({ ending: { authenticate = '' }, credentials: { authorization }, form }: Attempt): boolean {
  if (/\b(?:negotiate|ntlm) +[\w+/=-]/i.test(authenticate)) return true;
  if (/\bdigest\b.*\bstale *= *"?true/i.test(authenticate)) return true;
  if (authorization !== undefined || form.carriesCredential) return false;
  return /\b(?:negotiate|ntlm|digest)\b/i.test(authenticate);
}
