import type { AuditAction } from '../attempt/action.js';
import type { ActorInput, GroupInput, Mark, Reason } from '../attempt/attempt.js';

/** What a handler may add to what it says. */
export interface MarkDetails {
  /** What was tried. @default what the route's rule says, else `user.login` */
  action?: AuditAction;
  /** The account that this is about: proven on success; on failure the known account that was tried, which becomes the event's target. */
  actor?: ActorInput;
  /** The tenant that this is about. */
  group?: GroupInput;
  /** The account that it was done to, where that is another: who is impersonated, whose password is reset. */
  target?: ActorInput;
  /** Who really acts, while an account is impersonated. */
  originalActor?: ActorInput;
  /** How the login was made, e.g. `password`, `oauth`, `webauthn`. */
  method?: string;
  /** The factors that were proven, e.g. `['password', 'totp']`. */
  factors?: readonly string[];
}

/**
 * What a handler says about an attempt; it outweighs all other evidence. One marker object is one attempt: a second word on it corrects the first, a
 * second marker of one request is a second attempt, as in a GraphQL batch.
 */
export interface Marker {
  /** Somebody is logged in, or the action that the details name was done. */
  success(details?: MarkDetails): void;
  /** The attempt failed. An `actor` here is the known account that it was aimed at. */
  failure(reason?: Reason, details?: MarkDetails): void;
  /** A further factor is awaited: neither success nor failure yet. */
  challenge(details?: MarkDetails): void;
  /** This was no attempt: no event. */
  skip(): void;
}

/** Takes what a marker says. */
export type MarkSink = (mark: Mark | 'skip') => void;

/**
 * Makes a marker.
 *
 * @param sink takes each word; what it receives last counts
 */
export function createMarker(sink: MarkSink): Marker {
  return {
    success: (details) => sink({ ...details, outcome: 'success' }),
    failure: (reason, details) => sink({ ...details, outcome: 'failure', ...(reason && { reason }) }),
    challenge: (details) => sink({ ...details, outcome: 'challenge' }),
    skip: () => sink('skip'),
  };
}
