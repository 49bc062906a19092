import { type AuditAction, isAction } from '../attempt/action.js';
import type { ActorInput, GroupInput, Mark, Reason } from '../attempt/attempt.js';
import { AuditError } from '../errors.js';

/** Optional details of a mark. */
export interface MarkDetails {
  /** The audited action. @default the action of the route's rule, else `user.login` */
  action?: AuditAction;
  /** The account: on success the one that was proven; on failure the existing account that was tried, which becomes the event's target. */
  actor?: ActorInput;
  /** The tenant. */
  group?: GroupInput;
  /** The account that was acted on, if it is not the actor: the one that is impersonated or whose password is reset. */
  target?: ActorInput;
  /** Who really acts, while an account is impersonated. */
  originalActor?: ActorInput;
  /** How the login was made, e.g. `password`, `oauth`, `webauthn`. */
  method?: string;
  /** The factors that were proven, e.g. `['password', 'totp']`. */
  factors?: readonly string[];
}

/**
 * States the outcome of an attempt, which outweighs all other evidence. One marker is one attempt: a second call on it corrects the first; a second
 * marker of the same request is a second attempt, as in a GraphQL batch.
 */
export interface Marker {
  /** Records a successful login, or the success of the action in the details. */
  success(details?: MarkDetails): void;
  /** Records a failure. `actor` is the existing account that was tried. */
  failure(reason?: Reason, details?: MarkDetails): void;
  /** Records that a further factor is required. */
  challenge(details?: MarkDetails): void;
  /** Records nothing: the request was not an attempt. */
  skip(): void;
}

/** Receives the marks of a marker. */
export type MarkSink = (mark: Mark | 'skip') => void;

/**
 * Creates a marker.
 *
 * @param sink receives each mark; the last one counts
 */
export function createMarker(sink: MarkSink): Marker {
  return {
    success: (details) => sink({ ...details, outcome: 'success' }),
    failure: (reason, details) => sink({ ...details, outcome: 'failure', ...(reason && { reason }) }),
    challenge: (details) => sink({ ...details, outcome: 'challenge' }),
    skip: () => sink('skip'),
  };
}

/**
 * Replaces the action of a mark by `user.login` if it is unknown. It comes from the application's own code, which may be written in JavaScript.
 *
 * @param mark the mark
 * @param report receives `ERR_AUDIT_MARK` if the action is unknown
 */
export function withKnownAction(mark: Mark, report: (error: AuditError) => void): Mark {
  if (mark.action === undefined || isAction(mark.action)) return mark;
  const seen = JSON.stringify(String(mark.action).slice(0, 64));
  report(new AuditError('ERR_AUDIT_MARK', `A marker names the unknown action ${seen}; the event says "user.login".`, { field: 'action' }));
  return { ...mark, action: 'user.login' };
}
