import type { IncomingMessage } from 'node:http';
import type { Observation } from './observation.js';

/** On the request itself, and the same in every copy of this package: a weak map of all requests costs the garbage collector more than all else here. */
export const OBSERVATION = Symbol.for('auditlogin.observation');

export type Observed = IncomingMessage & { [OBSERVATION]?: Observation };

/**
 * The observation of a request, if an adapter has seen it.
 *
 * @param incoming the request of node:http, or an object made from it
 */
export function observationIn(incoming: unknown): Observation | undefined {
  return (incoming as Observed | null | undefined)?.[OBSERVATION];
}
