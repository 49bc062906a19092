import { type SessionSight, sightOf } from '@auditlogin/core';
import type { Request } from 'express';

/**
 * Looks at the session before any handler can change it: now, if the session middleware came first, or at the moment when it puts the session on
 * the request.
 *
 * @param request the request
 * @returns tells, at any later time, what was there; `unseen` if the session was put there in another way
 */
export function watchSession(request: Request): () => SessionSight | 'unseen' | undefined {
  const bag = request as { session?: unknown };
  if ('session' in request) {
    const sight = sightOf(bag.session);
    return () => sight;
  }
  Object.defineProperty(request, 'session', AWAITED);
  return () => (BEFORE in bag ? (bag as Watched)[BEFORE] : 'unseen');
}

const BEFORE = Symbol('auditlogin.before');
type Watched = { [BEFORE]?: SessionSight | undefined };

/** The same for all requests: functions of its own would give every request a shape of its own, which slows down all code that touches it. */
const AWAITED: PropertyDescriptor & ThisType<Request> = {
  configurable: true,
  enumerable: true,
  get: () => undefined,
  set(session: unknown) {
    Object.defineProperty(this, 'session', { configurable: true, enumerable: true, writable: true, value: session });
    (this as Watched)[BEFORE] = sightOf(session);
  },
};
