import { type SessionSnapshot, sessionSnapshot } from '@auditlogin/core/adapter';
import type { Request } from 'express';

const BEFORE = Symbol('auditlogin.before');
type Watched = { [BEFORE]?: SessionSnapshot | undefined };

/** What was seen of a session, which may be that there was none. */
export type SessionSeen = { sight: SessionSnapshot | undefined };

/**
 * Looks at the session of a request before any handler can change it: now, or else at the moment when the session middleware puts it on the request.
 *
 * @param request the request
 * @returns what is there now; undefined if nothing is, and {@link sessionAsPut} will tell
 */
export function watchSession(request: Request): SessionSeen | undefined {
  if ('session' in request) return { sight: sessionSnapshot(request.session) };
  Object.defineProperty(request, 'session', AWAITED);
  return undefined;
}

/**
 * The session as it was put on a request that is watched.
 *
 * @param request the request
 * @returns undefined if none was, or in a way that could not be seen
 */
export function sessionAsPut(request: Request): SessionSeen | undefined {
  return BEFORE in request ? { sight: (request as Watched)[BEFORE] } : undefined;
}

/** The same for all requests: functions of its own would give every request a shape of its own, which slows down all code that touches it. */
const AWAITED: PropertyDescriptor & ThisType<Request> = {
  configurable: true,
  enumerable: true,
  get: () => undefined,
  set(session: unknown) {
    Object.defineProperty(this, 'session', { configurable: true, enumerable: true, writable: true, value: session });
    (this as Watched)[BEFORE] = sessionSnapshot(session);
  },
};
