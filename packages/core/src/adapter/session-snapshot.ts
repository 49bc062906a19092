import type { SessionSnapshot } from '../attempt/attempt.js';

/** Where Passport and hand-written logins keep the owner of a session. */
const OWNER_KEYS = ['userId', 'user_id', 'uid', 'accountId', 'account_id', 'user'] as const;

/**
 * Looks at a session: its id, and who it belongs to.
 *
 * @param session the session object of the framework's session middleware
 * @returns undefined when there is no session
 */
export function sessionSnapshot(session: unknown): SessionSnapshot | undefined {
  if (typeof session !== 'object' || session === null) return undefined;
  const bag = session as Record<string, unknown>;
  const owner = ownerOf(bag);
  const id = bag['id'] ?? bag['sessionId'] ?? bag['externalKey'];
  return {
    ...(typeof id === 'string' && { id }),
    ...(owner !== undefined && { owner: typeof owner === 'object' && owner !== null ? idIn(owner) : String(owner) }),
  };
}

/**
 * Who a session belongs to, as it was put there; undefined while nobody is logged in.
 *
 * @param session the session object of the framework's session middleware
 */
export function ownerOf(session: unknown): unknown {
  if (typeof session !== 'object' || session === null) return undefined;
  const bag = session as Record<string, unknown>;
  const passport = bag['passport'];
  if (typeof passport === 'object' && passport !== null && 'user' in passport) return passport.user ?? undefined;
  for (const key of OWNER_KEYS) {
    const owner = bag[key];
    if (owner !== undefined && owner !== null && owner !== '' && owner !== false) return owner;
  }
  return undefined;
}

function idIn(owner: object): string {
  const bag = owner as Record<string, unknown>;
  return String(bag['id'] ?? bag['_id'] ?? JSON.stringify(owner));
}
