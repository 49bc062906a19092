import { AsyncLocalStorage } from 'node:async_hooks';
import { createMarker, type Marker } from './marker.js';
import type { Observation } from './observation.js';
import { keepAtHand, observationAtHand } from './request-context.js';
import { warnOfUnobservedMark } from './unobserved-mark.js';

// Whoever imports this module wants to mark without the request; nobody else pays for it.
keepAtHand(() => new AsyncLocalStorage());

/**
 * What the code that handles a login says about the attempt, anywhere below an adapter: in services, resolvers, verify callbacks. Each call makes a
 * marker, and each marker is one attempt. Outside of a request that is observed it warns, and keeps nothing.
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
