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
  let before: SessionSight | 'unseen' | undefined = 'unseen';
  Object.defineProperty(request, 'session', {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(session: unknown) {
      Object.defineProperty(request, 'session', { configurable: true, enumerable: true, writable: true, value: session });
      before = sightOf(session);
    },
  });
  return () => before;
}
