import { type Account, accountOf, originalActorOf } from '../attempt/account.js';
import type { SessionSnapshot } from '../attempt/attempt.js';

/** The session keys in which hand-written logins store the account or its id, in the spellings that people use. */
const OWNER_KEYS: readonly string[] = [
  ...['userId', 'user_id', 'userID', 'userid', 'uid', 'accountId', 'account_id', 'user'],
  ...['currentUserId', 'currentUser', 'current_user', 'loggedInUser', 'loggedUser', 'authUser', 'account', 'adminId', 'memberId'],
];

/** The session keys that say whether somebody is logged in. */
const IN_KEYS: readonly string[] = [
  ...['isLoggedIn', 'isLoggedin', 'loggedIn', 'loggedin', 'logged_in', 'is_logged_in', 'isLogged', 'logged', 'isLogin'],
  ...['isAuthenticated', 'authenticated', 'is_authenticated', 'isAuth', 'is_auth', 'auth'],
];

/** Names of an account. They are the owner only beside a key that says that somebody is in, since a form may keep what was typed, too. */
const NAME_KEYS: readonly string[] = ['username', 'userName', 'user_name', 'email', 'userEmail', 'user_email', 'login', 'name'];

/** The session keys in which applications keep where somebody wanted to go before the login. */
const RETURN_KEYS: readonly string[] = [
  'returnTo',
  'return_to',
  'returnUrl',
  'redirectTo',
  'redirect_to',
  'redirectUrl',
  'originalUrl',
  'next',
  'backTo',
];

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
  addReturn(snapshot, bag);
  const isIn = ownerKey === undefined ? saysWhetherIn(bag) : undefined;
  if (isIn === false) return snapshot;
  const owner = accountOf(holderIn(bag, ownerKey)) ?? (isIn === true ? nameIn(bag) : undefined);
  if (owner) addOwner(snapshot, owner, originalActorOf(bag));
  else if (isIn === true) snapshot.isIn = true;
  return snapshot;
}

function addReturn(snapshot: SessionSnapshot, bag: Record<string, unknown>): void {
  const key = RETURN_KEYS.find((name) => typeof bag[name] === 'string');
  if (key !== undefined) snapshot.returnTo = bag[key] as string;
}

function addOwner(snapshot: SessionSnapshot, { id, names, name, group }: Account, originalActor: string | undefined): void {
  snapshot.owner = id;
  snapshot.names = names;
  if (name !== undefined) snapshot.name = name;
  if (group !== undefined) snapshot.group = group;
  if (originalActor !== undefined) snapshot.originalActor = originalActor;
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

function saysWhetherIn(bag: Record<string, unknown>): boolean | undefined {
  const key = IN_KEYS.find((name) => typeof bag[name] === 'boolean');
  return key === undefined ? undefined : (bag[key] as boolean);
}

function nameIn(bag: Record<string, unknown>): Account | undefined {
  const key = NAME_KEYS.find((name) => typeof bag[name] === 'string' && bag[name] !== '');
  return key === undefined ? undefined : accountOf(bag[key]);
}
