import { isLoginAction } from '../action.js';
import type { EvidenceSource } from './statement.js';

/** What a public shape of the answer's JSON says, where the application gave no rule. */
export const body: EvidenceSource = ({ answer: { shape }, rule, action, ending: { status = 0 } }) => {
  if (shape === undefined || rule) return undefined;
  if (shape === 'contradiction') return { evidence: 'body', says: 'unknown', strength: 'sign' };
  if (shape === 'challenge' && !isLoginAction(action)) return undefined;
  return {
    evidence: 'body',
    says: shape,
    strength: 'sign',
    // A status above 400 says itself why: the body of a server error is `{error}`, too. 400 is how some answer a wrong password.
    ...(shape === 'failure' && status <= 400 && isLoginAction(action) && { reason: 'invalid_credentials' as const }),
  };
};
