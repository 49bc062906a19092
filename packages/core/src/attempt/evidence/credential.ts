import { isLoginAction } from '../action.js';
import type { EvidenceSource } from './statement.js';

/**
 * The response contains a credential that the request did not have: a token, an authentication cookie, or an `Authorization` header. A logout's
 * response takes back the cookie that the request had.
 */
export const credential: EvidenceSource = ({ answer, action, ending: { status = 0 } }) => {
  // Many applications clear the cookies of a request that they refuse.
  if (action === 'user.logout')
    return answer.isTakenBack && status < 400 ? { evidence: 'credential', says: 'success', strength: 'sign' } : undefined;

  const given = answer.credential;
  if (!given || !(isLoginAction(action) || action === 'user.session.refresh')) return undefined;
  return { evidence: 'credential', says: 'success', strength: 'sign', ...(given.account && { account: given.account }) };
};
