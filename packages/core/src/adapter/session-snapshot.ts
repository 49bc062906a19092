import { accountOf, originalActorOf, tenantOf } from '../attempt/account.js';
import type { SessionSnapshot } from '../attempt/attempt.js';

/** Where Passport and hand-written logins keep the owner of a session. */
const OWNER_KEYS: readonly string[] = ['userId', 'user_id', 'uid', 'accountId', 'account_id', 'user'];

/**
 * Looks at a session: its id, and whom it belongs to.
 *
 * @param session the session object of the framework's session middleware
 * @param ownerKey the `owner` option: the key of the session that holds the account, with dots for nested keys; the usual ones if left out
 * @returns undefined when there is no session
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
  const group = owner.group ?? tenantOf(holder);
  if (group !== undefined) snapshot.group = group;
  const originalActor = originalActorOf(bag);
  if (originalActor !== undefined) snapshot.originalActor = originalActor;
  return snapshot;
}

/** What a session holds as its owner. */
function holderIn(bag: Record<string, unknown>, ownerKey: string | undefined): unknown {
  if (ownerKey !== undefined) {
    return ownerKey.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], bag);
  }
  const passport = bag['passport'];
  // Passport keeps `{ user }`, @fastify/passport the serialised user itself.
  if (typeof passport === 'object' && passport !== null && 'user' in passport) return passport.user;
  if (passport !== undefined && passport !== null && typeof passport !== 'object') return passport;
  for (const key of OWNER_KEYS) {
    const owner = bag[key];
    if (owner !== undefined && owner !== null && owner !== '' && owner !== false) return owner;
  }
  return undefined;
}
