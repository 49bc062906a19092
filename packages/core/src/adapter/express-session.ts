import { observationIn } from './observed-request.js';

/** The part of a store of express-session that loads and saves (its README, "Session Store Implementation"). */
interface SessionStore {
  createSession?(request: unknown, session: unknown): unknown;
  generate?(request: unknown): unknown;
  set?(id: string, session: unknown, done?: Done): void;
  touch?(id: string, session: unknown, done?: Done): void;
}

type Done = (problem?: unknown, ...rest: unknown[]) => void;

const WATCHED = Symbol.for('auditlogin.store');

/**
 * Watches a store of express-session, which applications of Connect and node:http use, too, once and for all: what a session is when it is loaded, and whether the store takes it. Nothing is defined on the request.
 *
 * @param store `req.sessionStore`
 */
export function watchSessionStore(store: unknown): void {
  if (typeof store !== 'object' || store === null || WATCHED in store) return;
  Object.defineProperty(store, WATCHED, { value: true });
  const watched = store as SessionStore;
  const { createSession, generate } = watched;
  if (createSession) {
    watched.createSession = function (this: unknown, request, session) {
      const made = createSession.call(this, request, session);
      observationIn(request)?.sessionLoaded();
      return made;
    };
  }
  if (generate) {
    watched.generate = function (this: unknown, request) {
      const made = generate.call(this, request);
      observationIn(request)?.sessionLoaded();
      return made;
    };
  }
  for (const name of ['set', 'touch'] as const) watchSaving(watched, name);
}

function watchSaving(store: SessionStore, name: 'set' | 'touch'): void {
  const save = store[name];
  if (!save) return;
  store[name] = function (this: unknown, id, session, done) {
    // express-session keeps the request on its sessions, where no loop sees it.
    const observation = observationIn((session as { req?: unknown } | null)?.req);
    if (!observation) return save.call(this as SessionStore, id, session, done);
    return save.call(this as SessionStore, id, session, (problem, ...rest) => {
      observation.saved(!problem);
      done?.(problem, ...rest);
    });
  };
}
