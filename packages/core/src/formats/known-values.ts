import { ACTIONS, LIFECYCLE_ACTIONS } from '../attempt/action.js';
import { type FacetName, FACETS } from './facets.js';

/**
 * The known values of facets. An event that the application reports itself may have another reason or action, but no other outcome.
 */
export const KNOWN_VALUES = {
  outcome: FACETS.outcome.values!,
  reason: FACETS.reason.values!,
  // "auditlogin doctor" sends a test event.
  action: [...ACTIONS, ...LIFECYCLE_ACTIONS, 'auditlogin.doctor'],
} as const satisfies Partial<Record<FacetName, readonly string[]>>;
