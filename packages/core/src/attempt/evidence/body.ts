import { isLoginAction } from '../action.js';
import type { EvidenceSource } from './statement.js';

/** The JSON of the response has a common shape that shows the outcome, and the application has no `outcome` rule. */
export const body: EvidenceSource = ({ answer: { shape }, rule, action, ending: { status = 0 } }) => {
  if (shape === undefined || rule) return undefined;
  if (shape === 'contradiction') return { evidence: 'body', says: 'unknown', strength: 'sign' };
  if (shape === 'challenge' && !isLoginAction(action)) return undefined;
  return {
    evidence: 'body',
    says: shape,
    strength: 'sign',
    // A status above 400 gives its own reason, since the body of a server error is `{error}`, too. Some applications answer 400 to a wrong password.
    ...(shape === 'failure' && status <= 400 && isLoginAction(action) && { reason: 'invalid_credentials' as const }),
  };
};
