import { isLoginAction } from '../action.js';
import type { EvidenceSource } from './statement.js';

/** The response contains a credential that the request did not have: a token, an authentication cookie, or an `Authorization` header. */
export const credential: EvidenceSource = ({ answer, action }) => {
  const given = answer.credential;
  if (!given || !(isLoginAction(action) || action === 'user.session.refresh')) return undefined;
  return { evidence: 'credential', says: 'success', strength: 'sign', ...(given.account && { account: given.account }) };
};
