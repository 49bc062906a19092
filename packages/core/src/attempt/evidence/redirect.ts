import { isLoginAction } from '../action.js';
import { redirectMeans } from '../redirects.js';
import type { EvidenceSource } from './statement.js';

/** The response redirects to a target in the application's `redirects`, or to a target whose path or parameters show the outcome. */
export const redirect: EvidenceSource = ({ ending, target, action, chosenTargets }, rules) => {
  const { status = 0, location } = ending;
  if (status < 300 || status >= 400 || status === 304 || location === undefined) return undefined;
  const { says, isRule } = redirectMeans(location, { request: target, targets: chosenTargets }, isLoginAction(action), rules);
  if (says === undefined) return undefined;
  return {
    evidence: 'redirect',
    says,
    strength: isRule ? 'rule' : 'sign',
    ...(says === 'failure' && isLoginAction(action) && { reason: 'invalid_credentials' as const }),
  };
};
