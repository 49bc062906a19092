import { createHash } from 'node:crypto';
import { createLRU } from 'lru.min';
import { type ActorInput, type Attempt, type Mark, type SessionChange, statedAction } from '../attempt/attempt.js';

/** The impersonations whose start this process has seen, by session. */
export interface Impersonations {
  /** Returns the account that really acts in a session. */
  of(sessionId: string | undefined): ActorInput | undefined;
  /** Records the start or end of an impersonation. */
  follow(attempt: Attempt): void;
}

const MAX_SESSIONS = 10_000;

function startedBy(mark: Mark | undefined): ActorInput | undefined {
  return mark?.outcome === 'success' ? (mark.originalActor ?? mark.actor) : undefined;
}

/** Creates an empty memory; it keeps digests of session ids, the ten thousand that were used last. */
export function createImpersonations(): Impersonations {
  const originalActors = createLRU<string, { actor: ActorInput }>({ max: MAX_SESSIONS });
  const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64');
  const start = (id: string, actor: ActorInput | undefined): void => {
    if (actor !== undefined) originalActors.set(keyOf(id), { actor });
  };
  const end = (id: string, { before }: SessionChange): void => {
    originalActors.delete(keyOf(id));
    if (before !== 'unseen' && before?.id !== undefined) originalActors.delete(keyOf(before.id));
  };
  return {
    of(sessionId) {
      if (sessionId === undefined || originalActors.size === 0) return undefined;
      return originalActors.get(keyOf(sessionId))?.actor;
    },
    follow(attempt) {
      const { mark, session, sessionId } = attempt;
      const id = session.after?.id ?? sessionId;
      if (id === undefined) return;
      const done = statedAction(attempt);
      if (done === 'user.impersonate.start') start(id, startedBy(mark));
      else if (done === 'user.impersonate.stop' || done === 'user.logout') end(id, session);
    },
  };
}
