import { createHash } from 'node:crypto';
import { createLRU } from 'lru.min';
import type { ActorInput, Attempt } from '../attempt/attempt.js';

/** The impersonations whose start this process has seen, by session. */
export interface Impersonations {
  /** Returns the account that really acts in a session. */
  of(sessionId: string | undefined): ActorInput | undefined;
  /** Records the start or end of an impersonation. */
  follow(attempt: Attempt): void;
}

const MAX_SESSIONS = 10_000;

/** Creates an empty memory; it keeps digests of session ids, the ten thousand that were used last. */
export function createImpersonations(): Impersonations {
  const originalActors = createLRU<string, { actor: ActorInput }>({ max: MAX_SESSIONS });
  const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64');
  return {
    of(sessionId) {
      if (sessionId === undefined || originalActors.size === 0) return undefined;
      return originalActors.get(keyOf(sessionId))?.actor;
    },
    follow({ mark, rule, action: byRoute, session, sessionId }) {
      const action = mark?.action ?? rule?.action ?? byRoute;
      const id = session.after?.id ?? sessionId;
      if (id === undefined) return;
      if (action === 'user.impersonate.start') {
        const actor = mark?.originalActor ?? mark?.actor ?? rule?.actor;
        if (mark?.outcome === 'success' && actor !== undefined) originalActors.set(keyOf(id), { actor });
      } else if (action === 'user.impersonate.stop' || action === 'user.logout') {
        originalActors.delete(keyOf(id));
        const before = session.before === 'unseen' ? undefined : session.before?.id;
        if (before !== undefined) originalActors.delete(keyOf(before));
      }
    },
  };
}
