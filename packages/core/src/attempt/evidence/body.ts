import { isLoginAction } from '../action.js';
import type { EvidenceSource } from './statement.js';
import { reasonOfStatus } from './status.js';

/** What a public shape of the answer's JSON says, where the application gave no rule. */
export const body: EvidenceSource = ({ answer: { shape }, ending: { status = 0 }, rule, action }) => {
  if (shape === undefined || rule) return undefined;
  if (shape === 'contradiction') return { evidence: 'body', says: 'unknown', strength: 'sign' };
  if (shape === 'challenge' && !isLoginAction(action)) return undefined;
  return {
    evidence: 'body',
    says: shape,
    strength: 'sign',
    // `{error}` behind 429 or 500 is about the limit or the fault, not about the credential.
    ...(shape === 'failure' &&
      isLoginAction(action) &&
      reasonOfStatus(status, action) === undefined && { reason: 'invalid_credentials' as const }),
  };
};
