import fc from 'fast-check';
import { accountOf, originalActorOf, tenantOf } from '../src/attempt/account.js';

const UUID = '8c7d1f7e-8a44-4b57-9c65-2e0b0f6c2d11';
const bytes = Buffer.from(UUID.replaceAll('-', ''), 'hex');

class Uuid {
  constructor(private readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

/** The ObjectId of BSON: `id` returns its 12 bytes. Mongoose adds `_id`, which returns the ObjectId itself. */
class ObjectId {
  constructor(private readonly hex: string) {}
  get id(): Buffer {
    return Buffer.from(this.hex, 'hex');
  }
  get _id(): this {
    return this;
  }
  toHexString(): string {
    return this.hex;
  }
  toString(): string {
    return this.hex;
  }
}

class User {
  constructor(readonly title: string) {}
  toString(): string {
    return 'User';
  }
}

function boom(): never {
  throw new Error('boom');
}

const hostile = new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom });
const cyclic: Record<string, unknown> = { name: 'a' };
cyclic['self'] = cyclic;

const ids: [string, unknown, string | undefined][] = [
  ['a string', 'u-1', 'u-1'],
  ['a number', 7, '7'],
  ['0', 0, '0'],
  ['a bigint', 2n ** 70n, '1180591620717411303424'],
  ['a UUID object', new Uuid(UUID), UUID],
  ['an ObjectId', new ObjectId('65f0c0ffee65f0c0ffee0001'), '65f0c0ffee65f0c0ffee0001'],
  ['a Buffer of 16 bytes', bytes, UUID],
  ['a Uint8Array of 16 bytes', new Uint8Array(bytes), UUID],
  ['a Buffer of 12 bytes', Buffer.from('65f0c0ffee65f0c0ffee0001', 'hex'), '65f0c0ffee65f0c0ffee0001'],
  ['a Buffer that a session store kept as JSON', JSON.parse(JSON.stringify(bytes)), UUID],
  ['a Uint8Array that a session store kept as JSON', JSON.parse(JSON.stringify(new Uint8Array(bytes))), UUID],
  ['the Binary of BSON', { _bsontype: 'Binary', sub_type: 4, position: 16, buffer: Buffer.concat([bytes, Buffer.alloc(8)]) }, UUID],
  ['nothing', '', undefined],
  ['blanks', '  ', undefined],
  ['null', null, undefined],
  ['undefined', undefined, undefined],
  ['true', true, undefined],
  ['not a number', Number.NaN, undefined],
  ['a symbol', Symbol('s'), undefined],
  ['a function', boom, undefined],
  ['a plain object', { key: 1 }, undefined],
  ['an object without a prototype', Object.create(null), undefined],
  ['an object whose toString is no function', { toString: 1 }, undefined],
  ['an object whose toString returns an object', { toString: () => ({}) }, undefined],
  ['an object whose toString throws', { toString: boom }, undefined],
  ['an array', ['a'], undefined],
  ['a Map', new Map([[1, 2]]), undefined],
  ['a promise', Promise.resolve(1), undefined],
  ['a Proxy that throws', hostile, undefined],
];

describe.each(ids)('an id: %s', (_name, id, expected) => {
  it('is written in its usual form as the id of a user', () => expect(accountOf({ id })?.id).toBe(expected));
  it('is written in the same form in place of the user', () => expect(accountOf(id)?.id).toBe(expected));
});

it.each<[string, unknown, unknown]>([
  [
    'id, name and what people type',
    { id: 7, displayName: 'Alice', email: 'a@x.test', username: 'alice' },
    { id: '7', name: 'Alice', names: ['7', 'alice', 'a@x.test'] },
  ],
  ['_id', { _id: new ObjectId('65f0c0ffee65f0c0ffee0001') }, { id: '65f0c0ffee65f0c0ffee0001', names: ['65f0c0ffee65f0c0ffee0001'] }],
  ['the claims of a token', { sub: 'auth0|1', org_id: 'org-9' }, { id: 'auth0|1', group: { id: 'org-9' }, names: ['auth0|1'] }],
  ['user_id', { user_id: 0 }, { id: '0', names: ['0'] }],
  ['a user name alone', { username: 'bob' }, { id: 'bob', names: ['bob'] }],
  ['an id that is none, beside one', { id: {}, uid: 'u' }, { id: 'u', names: ['u'] }],
  ['a SAML profile', { nameID: 'n' }, { id: 'n', names: ['n'] }],
  ['no id', { name: 'N' }, undefined],
  ['a class whose text is the same for everybody', new User('x'), undefined],
  ['somebody who is not logged in', { id: 1, isLoggedIn: false }, undefined],
  ['not authenticated', { id: 1, authenticated: false }, undefined],
  ['a guest', { id: 1, guest: true }, undefined],
  ['anonymous', { id: 1, isAnonymous: true }, undefined],
  ['anonymous at Supabase', { id: 1, is_anonymous: true }, undefined],
  ['the role of a guest', { id: 1, role: 'Guest' }, undefined],
  ['somebody who was a guest', { id: 1, guest: false, isLoggedIn: true }, { id: '1', names: ['1'] }],
  ['a circle', cyclic, undefined],
])('reads an account: %s', (_name, user, expected) => expect(accountOf(user)).toEqual(expected));

it('reads around a getter that throws', () => {
  const user = {
    get id() {
      return boom();
    },
    uuid: 'u-1',
  };
  expect(accountOf(user)).toEqual({ id: 'u-1', names: ['u-1'] });
});

it('never throws, never returns [object Object], and returns the same result twice', () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }), (user) => {
      const account = accountOf(user);
      expect(account?.id ?? '').not.toContain('[object');
      expect(accountOf(user)).toEqual(account);
      tenantOf(user);
      originalActorOf(user);
    }),
  );
});

it('never maps two different ids to one, however long they are', () => {
  const id = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ minLength: 1 }).map((end) => 'x'.repeat(600) + end),
  );
  fc.assert(
    fc.property(id, id, (a, b) => {
      fc.pre(a !== b && a.trim() !== '' && b.trim() !== '');
      expect(accountOf(a)?.id).not.toBe(accountOf(b)?.id);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.uint8Array({ minLength: 1, maxLength: 64 }), (a, b) => {
      fc.pre(Buffer.compare(a, b) !== 0);
      expect(accountOf({ id: a })?.id).not.toBe(accountOf({ id: b })?.id);
    }),
  );
});

it.each<[unknown, unknown]>([
  [{ org_id: 'org-9' }, { id: 'org-9' }],
  [{ organizationId: 'org-9' }, { id: 'org-9' }],
  [{ organization_id: 'org-9' }, { id: 'org-9' }],
  [{ orgId: 'org-9' }, { id: 'org-9' }],
  [{ tenantId: 'org-9' }, { id: 'org-9' }],
  [{ tenant_id: 9 }, { id: '9' }],
  [{ tenant: { id: 'org-9', name: 'Nine' } }, { id: 'org-9', name: 'Nine' }],
  [
    { tenant: 'Nine', tenantId: 9 },
    { id: '9', name: 'Nine' },
  ],
  [{ workspace: { slug: 'nine' } }, { id: 'nine' }],
  [{ organization: new ObjectId('65f0c0ffee65f0c0ffee0001') }, { id: '65f0c0ffee65f0c0ffee0001' }],
  [{ group: 'admins' }, undefined],
  [{ groups: ['admins'] }, undefined],
  [{ role: 'admin', roles: ['admin'] }, undefined],
  [{ group: 'admins', tenantId: 'org-9' }, { id: 'org-9' }],
  [{ organization: ['a', 'b'] }, undefined],
  ['u-1', undefined],
])('reads the tenant of %j', (user, expected) => expect(tenantOf(user)).toEqual(expected));

it('finds no tenant, and no guest, in a Proxy that throws', () => expect(tenantOf(hostile)).toBeUndefined());

it.each<[string, unknown, string | undefined]>([
  ['an id', { impersonator: 'admin' }, 'admin'],
  ['a number', { impersonatorId: 0 }, '0'],
  ['a user', { originalUser: { id: 7, name: 'A' } }, '7'],
  ['in the user of Passport', { passport: { user: { id: 1, impersonatedBy: 'admin' } } }, 'admin'],
  ['beside the user of Passport', { passport: { user: 1, originalUserId: 'admin' } }, 'admin'],
  ['in the user of the session', { user: { id: 1, impersonatedBy: 'admin' } }, 'admin'],
  ['in the session of Better Auth', { session: { impersonatedBy: 'admin' }, user: { id: 1 } }, 'admin'],
  ['a flag, which names nobody', { impersonator: true }, undefined],
  ['nobody', { userId: 1 }, undefined],
  ['no session', undefined, undefined],
  ['a Proxy that throws', hostile, undefined],
])('reads who really acts: %s', (_name, session, expected) => expect(originalActorOf(session)).toBe(expected));
