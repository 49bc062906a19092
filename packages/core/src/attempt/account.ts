import { cleanId, cleanText } from '../event/text.js';
import type { GroupInput } from './attempt.js';
import { property } from './property.js';

/** An account, read from an application's user object. */
export interface Account {
  id: string;
  name?: string;
  group?: GroupInput;
  /** The names that people may type for this account: its id, username, email, login, … */
  names: readonly string[];
}

const ID_KEYS = ['id', '_id', 'uuid', 'sub', 'userId', 'user_id', 'uid', 'username', 'email', 'nameID', 'dn'] as const;
const NAME_KEYS = ['displayName', 'name', 'username', 'login', 'email'] as const;
const TYPED_KEYS = ['username', 'email', 'login', 'userName', 'user_name', 'preferred_username', 'handle', 'mail', 'upn', 'phone'] as const;

/** Keys of a tenant, in groups by precedence. `group` and `role` are not among them, since they name permissions instead of a tenant. */
const TENANT_KEYS = [
  { ids: ['tenantId', 'tenant_id'], whole: 'tenant' },
  { ids: ['organizationId', 'organization_id'], whole: 'organization' },
  { ids: ['orgId', 'org_id'], whole: 'org' },
  { ids: ['workspaceId', 'workspace_id'], whole: 'workspace' },
] as const;

const IMPERSONATOR_KEYS = ['impersonator', 'impersonatorId', 'impersonatedBy', 'originalUser', 'originalUserId'] as const;
const NOT_IN = ['isLoggedIn', 'loggedIn', 'logged_in', 'authenticated', 'isAuthenticated'] as const;
const GUEST = ['guest', 'isGuest', 'is_guest', 'anonymous', 'isAnonymous', 'is_anonymous'] as const;
const GUEST_ROLE = /^(?:guest|anonymous)$/i;

const MAX_NAME = 254;
const MAX_BYTES = 64;
const UUID_BYTES = 16;

/**
 * Reads the account from an application's user object. It never throws, even if getters or proxies in the object do.
 *
 * @param user `req.user`, the user or the user's id in a session, or Passport's user
 * @param idKeys the properties that may hold the id, in order of precedence
 * @returns undefined if the object has no usable id, or describes a guest or somebody who is not logged in
 */
export function accountOf(user: unknown, idKeys: readonly string[] = ID_KEYS): Account | undefined {
  if (typeof user !== 'object' || user === null) return bare(idText(user));
  if (isNobody(user)) return undefined;
  if (isIdObject(user)) return bare(idText(user));
  const id = first(user, idKeys, idText) ?? idItself(user);
  if (id === undefined) return undefined;
  const name = first(user, NAME_KEYS, nameText);
  const group = tenantOf(user);
  return { id, ...(name !== undefined && name !== id && { name }), ...(group !== undefined && { group }), names: namesOf(user, id) };
}

/**
 * Whether an application's user object describes a guest or somebody who is not logged in.
 *
 * @param user `req.user`, or a session's user
 */
export function isNobody(user: unknown): boolean {
  if (NOT_IN.some((key) => property(user, key) === false) || GUEST.some((key) => property(user, key) === true)) return true;
  const role = property(user, 'role');
  return typeof role === 'string' && GUEST_ROLE.test(role);
}

/**
 * Reads the tenant from an application's user object. It never throws.
 *
 * @param user `req.user`, or the user in a session
 */
export function tenantOf(user: unknown): GroupInput | undefined {
  for (const { ids, whole } of TENANT_KEYS) {
    const tenant = property(user, whole);
    const id = first(user, ids, idText) ?? idText(tenant) ?? first(tenant, ['id', '_id', 'uuid', 'slug'], idText);
    if (id === undefined) continue;
    const name = nameText(tenant) ?? first(tenant, ['name', 'displayName'], nameText);
    return name === undefined || name === id ? { id } : { id, name };
  }
  return undefined;
}

/**
 * Reads the account that really acts from a session under impersonation. It never throws.
 *
 * @param session the session, which has one of the usual keys or whose user has
 * @returns the id of the account that really acts
 */
export function originalActorOf(session: unknown): string | undefined {
  const passport = property(session, 'passport');
  for (const bag of [session, passport, property(passport, 'user'), property(session, 'user'), property(session, 'session')]) {
    const id = first(bag, IMPERSONATOR_KEYS, (value) => accountOf(value)?.id);
    if (id !== undefined) return id;
  }
  return undefined;
}

function bare(id: string | undefined): Account | undefined {
  return id === undefined ? undefined : { id, names: [id] };
}

function namesOf(user: object, id: string): string[] {
  const names = new Set([id]);
  for (const key of TYPED_KEYS) {
    const name = nameText(property(user, key));
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

function first<T>(bag: unknown, keys: readonly string[], read: (value: unknown) => T | undefined): T | undefined {
  for (const key of keys) {
    const value = read(property(bag, key));
    if (value !== undefined) return value;
  }
  return undefined;
}

function nameText(value: unknown): string | undefined {
  return typeof value === 'string' ? cleanText(value.trim(), MAX_NAME) : undefined;
}

/** Converts an id to its usual text. */
function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : cleanId(value);
  if (typeof value === 'number' || typeof value === 'bigint') return cleanId(value);
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const bytes = bytesOf(value);
    return bytes === undefined ? objectText(value) : bytesText(bytes);
  } catch {
    return undefined;
  }
}

/** Converts an id object to text: an ObjectId, a UUID, or another object with its own `toString`. */
function objectText(value: object): string | undefined {
  // The text of a Date omits the milliseconds, so two dates could become the same id.
  if (Array.isArray(value) || value instanceof Date) return undefined;
  const hex = property(value, 'toHexString');
  const text: unknown = typeof hex === 'function' ? Reflect.apply(hex, value, []) : ownText(value);
  return typeof text === 'string' && text.trim() !== '' ? cleanId(text) : undefined;
}

function ownText(value: object): string | undefined {
  const { toString } = value;
  if (typeof toString !== 'function' || toString === Object.prototype.toString) return undefined;
  const text = String(value);
  return text.startsWith('[object ') ? undefined : text;
}

/** Whether the object in place of a user is an id of a known class. */
function isIdObject(value: object): boolean {
  return typeof property(value, 'toHexString') === 'function' || safeBytes(value) !== undefined;
}

/** Uses a user object's own text as its id only if it looks like an id. A text such as `User` would be the same for all users. */
function idItself(value: object): string | undefined {
  const text = idText(value);
  return text !== undefined && /^(?=.*\d)[\w-]{1,128}$/.test(text) ? text : undefined;
}

function safeBytes(value: object): Uint8Array | undefined {
  try {
    return bytesOf(value);
  } catch {
    return undefined;
  }
}

/**
 * Reads the bytes of a binary id: a Buffer or Uint8Array, its JSON in a session store (`{type: 'Buffer', data}` and `{0: 17, 1: 239, …}`), or a
 * Binary of BSON.
 */
function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value.length > 0 && value.length <= MAX_BYTES ? value : undefined;
  const bag = value as Record<string, unknown>;
  if (bag['type'] === 'Buffer') return bytesIn(bag['data']);
  if (bag['_bsontype'] === 'Binary' && bag['buffer'] instanceof Uint8Array) {
    const { position } = bag;
    return bytesOf(typeof position === 'number' ? bag['buffer'].subarray(0, position) : bag['buffer']);
  }
  if (bag['0'] === undefined || Array.isArray(value)) return undefined;
  const values = Object.values(value);
  return Object.keys(value).every((key, i) => key === String(i)) ? bytesIn(values) : undefined;
}

function bytesIn(values: unknown): Uint8Array | undefined {
  if (!Array.isArray(values) || values.length === 0 || values.length > MAX_BYTES) return undefined;
  const isBytes = values.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
  return isBytes ? Uint8Array.from(values as number[]) : undefined;
}

/** Writes 16 bytes as a UUID (RFC 9562, section 4), others as hex digits. */
function bytesText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return bytes.length === UUID_BYTES ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : hex;
}
