import { type AuditAction, isLoginAction } from './action.js';
import type { ActorInput, Attempt, GroupInput } from './attempt.js';
import type { Outcome } from './outcome.js';

/** Where the group of an event came from: proven with the login, said by the request, or none. */
type GroupSource = 'resolved' | 'claimed' | 'none';

/** Whom an event is about. */
export interface ResolvedIdentity {
  actor?: ActorInput;
  group?: GroupInput;
  groupSource: GroupSource;
  /** The account that it was done to, where that is another. */
  target?: ActorInput;
}

const USER_IDS = ['id', '_id', 'uuid', 'sub', 'userId', 'user_id', 'username', 'email'] as const;
const USER_NAMES = ['displayName', 'name', 'username', 'login', 'email'] as const;
const USER_GROUPS = ['group', 'groupId', 'group_id', 'tenant', 'tenantId', 'tenant_id', 'organization', 'organizationId', 'orgId'] as const;

/**
 * Decides whom an event is about: whom the handler names, then the extractor, then the framework's user, as far as somebody is proven. On a
 * login that did not succeed nobody is, so only the handler's word counts. A group that the request itself names is `claimed` until somebody is
 * proven; another tenant is never put in its place.
 *
 * @param attempt what was observed
 * @param outcome how it came out
 */
export function resolveIdentity(attempt: Attempt, { outcome }: Outcome): ResolvedIdentity {
  const { mark } = attempt;
  const action = mark?.action ?? attempt.action;
  const parties = isLoginAction(action) ? { actor: attempt.user } : partiesOf(action, attempt);
  const isOut = outcome === 'success' || outcome === 'challenge';
  const isProven = isOut || (!isLoginAction(action) && parties.actor !== undefined);
  const actor = mark?.actor ?? (isProven ? (attempt.actor ?? parties.actor) : undefined);
  const group = mark?.group ?? attempt.group ?? (isProven ? attempt.userGroup : undefined);
  const target = mark?.target ?? (isOut ? parties.target : undefined);
  return { ...some('actor', actor), ...some('group', group), groupSource: sourceOf(group, isProven), ...some('target', target) };
}

/** Who acts and on whom, in an action of somebody who is logged in. */
function partiesOf(action: AuditAction, { userBefore: before, user: after }: Attempt): { actor?: ActorInput; target?: ActorInput } {
  switch (action) {
    case 'user.logout':
      return some('actor', before ?? after);
    case 'user.impersonate.start':
      return { ...some('actor', before ?? after), ...some('target', before === undefined ? undefined : after) };
    case 'user.impersonate.stop':
      return { ...some('actor', after ?? before), ...some('target', after === undefined ? undefined : before) };
    default:
      return some('actor', after ?? before);
  }
}

function sourceOf(group: GroupInput | undefined, isProven: boolean): GroupSource {
  if (group === undefined) return 'none';
  return isProven ? 'resolved' : 'claimed';
}

function some<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });
}

/**
 * The account that an application's user object stands for: its id and name, nothing else.
 *
 * @param user `req.user`, or the owner that a session names
 */
export function accountOf(user: unknown): ActorInput | undefined {
  if (typeof user === 'string' || typeof user === 'number' || typeof user === 'bigint') return user;
  const id = firstOf(user, USER_IDS);
  if (!isId(id)) return undefined;
  const name = firstOf(user, USER_NAMES);
  return typeof name === 'string' && name !== id ? { id, name } : { id };
}

/**
 * The tenant that an application's user object belongs to.
 *
 * @param user `req.user`, or the owner that a session names
 */
export function tenantOf(user: unknown): GroupInput | undefined {
  const tenant = firstOf(user, USER_GROUPS);
  if (typeof tenant === 'string' || typeof tenant === 'number' || typeof tenant === 'bigint') return tenant;
  const id = firstOf(tenant, ['id', '_id', 'uuid', 'slug']);
  if (!isId(id)) return undefined;
  const name = firstOf(tenant, ['name', 'displayName']);
  return typeof name === 'string' ? { id, name } : { id };
}

function firstOf(bag: unknown, keys: readonly string[]): unknown {
  if (typeof bag !== 'object' || bag === null) return undefined;
  for (const key of keys) {
    const value = (bag as Record<string, unknown>)[key];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

function isId(value: unknown): value is string | number | bigint | { toString(): string } {
  if (typeof value === 'object' && value !== null) return !Array.isArray(value) && value.toString !== Object.prototype.toString;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}
