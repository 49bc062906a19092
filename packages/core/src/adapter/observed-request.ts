import type { IncomingMessage } from 'node:http';
import type { Observation } from './observation.js';

/**
 * The observation is stored on the request, under a symbol that all copies of this package share. A WeakMap of all requests would slow down the
 * garbage collector.
 */
export const OBSERVATION = Symbol.for('auditlogin.observation');

export type Observed = IncomingMessage & { [OBSERVATION]?: Observation };

/**
 * Returns the observation of a request; undefined if no adapter has seen it.
 *
 * @param incoming the request of node:http, or an object made from it
 */
export function observationIn(incoming: unknown): Observation | undefined {
  return (incoming as Observed | null | undefined)?.[OBSERVATION];
}
