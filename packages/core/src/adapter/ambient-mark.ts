import { AsyncLocalStorage } from 'node:async_hooks';
import { createMarker, type Marker } from './marker.js';
import type { Observation } from './observation.js';
import { keepAtHand, observationAtHand } from './request-context.js';
import { warnOfUnobservedMark } from './unobserved-mark.js';

// Importing this module turns on the AsyncLocalStorage, so other applications do not pay for it.
keepAtHand(() => new AsyncLocalStorage());

/**
 * Creates a marker for the current request, in code without access to it: services, resolvers, verify callbacks. Each marker is one attempt. Outside
 * of an observed request it warns and records nothing.
 *
 * @example
 * ```ts
 * import { mark } from '@auditlogin/core';
 * if (!(await verify(password))) mark().failure('wrong_password', { actor: user.id });
 * ```
 */
export function mark(): Marker {
  const observation = observationAtHand() as Observation | undefined;
  return observation?.marker() ?? createMarker(() => warnOfUnobservedMark(undefined));
}
