import { observationIn } from '@auditlogin/core/adapter';

/** The part of a session store of @fastify/session that saves. */
interface SessionStore {
  set?(id: string, session: unknown, done: Done): void;
}

type Done = (problem?: unknown, ...rest: unknown[]) => void;

const WATCHED = Symbol.for('auditlogin.fastify.store');

/**
 * Observes whether a session store of @fastify/session saves its sessions. A store is wrapped once.
 *
 * @param store `request.sessionStore`
 */
export function watchSessionStore(store: unknown): void {
  if (typeof store !== 'object' || store === null || WATCHED in store) return;
  Object.defineProperty(store, WATCHED, { value: true });
  const watched = store as SessionStore;
  const { set } = watched;
  if (typeof set !== 'function') return;
  watched.set = function (this: unknown, id, session, done) {
    const observation = observationIn(requestOf(session)?.raw);
    if (!observation) return set.call(this as SessionStore, id, session, done);
    return set.call(this as SessionStore, id, session, (problem, ...rest) => {
      observation.saved(!problem);
      done(problem, ...rest);
    });
  };
}

/** @fastify/session stores the request of a session under a symbol. */
function requestOf(session: unknown): { raw?: unknown } | undefined {
  if (typeof session !== 'object' || session === null) return undefined;
  const key = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'request');
  return key && (session as Record<symbol, { raw?: unknown }>)[key];
}
