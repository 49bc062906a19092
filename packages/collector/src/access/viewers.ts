import { randomBytes } from 'node:crypto';
import type { Grant } from './access.js';
import type { Scope } from '../store/scope.js';

/** A request for a viewer token (Publisher API, "Calls": `viewertoken`). */
interface ViewerRequest extends Scope {
  /** Id of the person who views the log. */
  actor?: string | undefined;
  /** The action of the event that records the sign-in. */
  viewLogAction: string;
}

/** A session in the viewer. */
export interface ViewerSession {
  scope: Scope;
  grant: Grant;
  /** Set if the session was opened with a viewer token. */
  viewer: ViewerRequest | undefined;
}

/** Viewer tokens and sessions. They are in memory and end with the process. */
export interface Viewers {
  /** Creates a token that opens one session within five minutes. */
  issue(request: ViewerRequest, grant: Grant): string;
  /** Opens a session with a viewer token, which it uses up, or a publisher token. @returns the session's secret; undefined if the token opens nothing */
  open(token: string): { secret: string; session: ViewerSession } | undefined;
  /** Opens a session for a program with a viewer token, which stays valid. @returns the session's secret; undefined if the token opens nothing */
  exchange(token: string): { secret: string; session: ViewerSession } | undefined;
  /** Returns the session of a secret, if it is still open. */
  find(secret: string): ViewerSession | undefined;
  close(secret: string): void;
}

/** Five minutes, in milliseconds. */
const TOKEN_LIFE = 300_000;
/** Twelve hours, in milliseconds. */
const SESSION_LIFE = 43_200_000;
const MAX_KEPT = 10_000;

/**
 * Creates the viewer tokens and sessions.
 *
 * @param publisher returns what a publisher token opens
 * @param holds whether a grant is still valid
 */
export function createViewers(publisher: (token: string) => Grant | undefined, holds: (grant: Grant) => boolean): Viewers {
  const issued = expiring<{ request: ViewerRequest; grant: Grant }>(TOKEN_LIFE);
  const sessions = expiring<ViewerSession>(SESSION_LIFE);

  function viewerSession(issue: { request: ViewerRequest; grant: Grant }): ViewerSession {
    const { project, group, target } = issue.request;
    return { scope: { project, group, target }, grant: issue.grant, viewer: issue.request };
  }

  function publisherSession(token: string): ViewerSession | undefined {
    const grant = publisher(token);
    return grant?.mayRead ? { scope: { project: grant.project }, grant, viewer: undefined } : undefined;
  }

  function opened(session: ViewerSession | undefined): { secret: string; session: ViewerSession } | undefined {
    return session && holds(session.grant) ? { secret: sessions.add(session), session } : undefined;
  }

  return {
    issue: (request, grant) => issued.add({ request, grant }),
    open(token) {
      const viewer = issued.take(token);
      return opened(viewer ? viewerSession(viewer) : publisherSession(token));
    },
    exchange(token) {
      const viewer = issued.get(token);
      return opened(viewer && viewerSession(viewer));
    },
    find(secret) {
      const session = sessions.get(secret);
      return session && holds(session.grant) ? session : undefined;
    },
    close: (secret) => void sessions.take(secret),
  };
}

/** Stores values by secrets for a limited time. If there are too many, the oldest are dropped. */
function expiring<T>(life: number): { add(value: T): string; get(secret: string): T | undefined; take(secret: string): T | undefined } {
  const kept = new Map<string, { value: T; until: number }>();
  function get(secret: string): T | undefined {
    const found = kept.get(secret);
    return found && found.until > Date.now() ? found.value : undefined;
  }
  return {
    add(value) {
      for (const [secret, { until }] of kept) {
        if (until > Date.now() && kept.size < MAX_KEPT) break;
        kept.delete(secret);
      }
      const secret = randomBytes(32).toString('base64url');
      kept.set(secret, { value, until: Date.now() + life });
      return secret;
    },
    get,
    take(secret) {
      const value = get(secret);
      kept.delete(secret);
      return value;
    },
  };
}
