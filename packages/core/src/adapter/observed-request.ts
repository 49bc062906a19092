import type { IncomingMessage } from 'node:http';
import type { AuditReader } from './audit-reader.js';
import { createMarker, type Marker } from './marker.js';
import { Observation } from './observation.js';
import type { RequestAdapter } from './request-adapter.js';
import { warnOfUnobservedMark } from './unobserved-mark.js';

/**
 * The observation is stored on the request, under a symbol that all copies of this package share. A WeakMap of all requests would slow down the
 * garbage collector.
 */
const OBSERVATION = Symbol.for('auditlogin.observation');

type Observed = IncomingMessage & { [OBSERVATION]?: Observation };

/**
 * Returns the observation of a request; undefined if no adapter has seen it.
 *
 * @param incoming the request of node:http, or an object made from it
 */
export function observationIn(incoming: unknown): Observation | undefined {
  return (incoming as Observed | null | undefined)?.[OBSERVATION];
}

/**
 * Creates a marker for an attempt of a request. If no adapter observes the request, the marker records nothing and warns with the place of the call.
 *
 * @param incoming the request of node:http
 */
export function markerOf(incoming: IncomingMessage): Marker {
  return observationIn(incoming)?.marker() ?? createMarker(() => warnOfUnobservedMark(incoming));
}

/**
 * Observes a request. The first adapter creates the observation; the last one decides how it is read.
 *
 * @param adapter the exchange, as the adapter sees it
 * @param reader how the adapter reads it
 * @param isAttempt whether the adapter is mounted on this very route
 */
export function observe(adapter: RequestAdapter<unknown>, reader: AuditReader<unknown>, isAttempt: boolean): Observation {
  const incoming = adapter.incoming as Observed;
  const observation = (incoming[OBSERVATION] ??= new Observation(adapter));
  observation.attend(reader, isAttempt);
  return observation;
}
