import { ACTIONS } from '../attempt/action.js';
import { type FacetName, FACETS } from './facets.js';

/** Actions of events that are no attempts: those of an auditor about itself, and the test event of `auditlogin doctor`. */
const OTHER_ACTIONS = ['audit.start', 'audit.stop', 'audit.gap', 'auditlogin.doctor'];

/**
 * The values of the facets that have a list of values. Events that an application makes itself may have other reasons and actions, but no other outcome.
 */
export const KNOWN_VALUES = {
  outcome: FACETS.outcome.values!,
  reason: FACETS.reason.values!,
  action: [...ACTIONS, ...OTHER_ACTIONS],
} as const satisfies Partial<Record<FacetName, readonly string[]>>;
