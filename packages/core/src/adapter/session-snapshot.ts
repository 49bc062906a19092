import { accountOf, originalActorOf } from '../attempt/account.js';
import type { SessionSnapshot } from '../attempt/attempt.js';

/** The session keys in which hand-written logins store the account. */
const OWNER_KEYS: readonly string[] = ['userId', 'user_id', 'uid', 'accountId', 'account_id', 'user'];

/** What such a key holds while nobody is logged in. */
const NOBODY: ReadonlySet<unknown> = new Set([undefined, null, '', false]);

/**
 * Reads a session's id and its owner.
 *
 * @param session the session object of the framework's session middleware
 * @param ownerKey the `owner` option: the key of the session that holds the account, with dots for nested keys; the usual ones if left out
 * @returns undefined if there is no session
 */
export function sessionSnapshot(session: unknown, ownerKey?: string): SessionSnapshot | undefined {
  if (typeof session !== 'object' || session === null) return undefined;
  const bag = session as Record<string, unknown>;
  const id = bag['id'] ?? bag['sessionId'] ?? bag['externalKey'];
  const snapshot: SessionSnapshot = typeof id === 'string' ? { id } : {};
  const holder = holderIn(bag, ownerKey);
  const owner = accountOf(holder);
  if (!owner) return snapshot;
  snapshot.owner = owner.id;
  snapshot.names = owner.names;
  if (owner.name !== undefined) snapshot.name = owner.name;
  if (owner.group !== undefined) snapshot.group = owner.group;
  const originalActor = originalActorOf(bag);
  if (originalActor !== undefined) snapshot.originalActor = originalActor;
  return snapshot;
}

/** Reads the owner from a session. */
function holderIn(bag: Record<string, unknown>, ownerKey: string | undefined): unknown {
  if (ownerKey !== undefined) {
    return ownerKey.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], bag);
  }
  const { passport } = bag;
  // Passport stores `{ user }`, @fastify/passport stores the serialised user itself.
  if (typeof passport === 'object' && passport !== null && 'user' in passport) return passport.user;
  if (passport !== undefined && passport !== null && typeof passport !== 'object') return passport;
  const key = OWNER_KEYS.find((name) => !NOBODY.has(bag[name]));
  return key && bag[key];
}
