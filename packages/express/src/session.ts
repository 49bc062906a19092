import { type SessionSight, sightOf } from '@auditlogin/core';
import type { Request } from 'express';

const BEFORE = Symbol('auditlogin.before');
type Watched = { [BEFORE]?: SessionSight | undefined };

/**
 * Looks at the session before any handler can change it: now, if the session middleware came first, or at the moment when it puts the session on
 * the request.
 *
 * @param request the request
 */
export function watchSession(request: Request): void {
  if ('session' in request) (request as Watched)[BEFORE] = sightOf(request.session);
  else Object.defineProperty(request, 'session', AWAITED);
}

/**
 * What was there when the session was looked at.
 *
 * @param request the request
 * @returns `unseen` if the session was put there in a way that could not be watched
 */
export function sessionBefore(request: Request): SessionSight | 'unseen' | undefined {
  return BEFORE in request ? (request as Watched)[BEFORE] : 'unseen';
}

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
