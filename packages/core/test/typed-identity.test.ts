import fc from 'fast-check';
import { identityDigest, storedIdentity, looksLikePassword, mask } from '../src/attempt/typed-identity.js';

const KEY = 'k'.repeat(32);

it.each([
  ['ann', 'masked', { identity: 'a***' }],
  ['annabel', 'masked', { identity: 'a***l' }],
  ['annabel@example.com', 'masked', { identity: 'a***l@example.com' }],
  ['p@ss', 'masked', { identity: 'p***' }],
  ['ab', 'masked', { identity: '***' }],
  ['ann', 'plain', { identity: 'ann' }],
  ['ann', 'omit', {}],
  ['', 'plain', {}],
] as const)('%s, %s', (typed, policy, expected) => expect(storedIdentity(typed, false, policy, undefined)).toEqual(expected));

it('adds the same digest for the same account if there is a key', () => {
  const { identity_hmac, identity } = storedIdentity('Ann@Example.com ', false, 'hmac', KEY);
  expect(identity).toBeUndefined();
  expect(identity_hmac).toBe(identityDigest('ann@example.com', KEY));
  expect(identity_hmac).toMatch(/^[\da-f]{32}$/);
  expect(identityDigest('ann@example.com', `${KEY}x`)).not.toBe(identity_hmac);
});

it.each([`${' '.repeat(254)}alice@x.test`, `alice@x.test${' '.repeat(300)}`, '\t alice@x.test\n', 'ALICE@x.test'])(
  'ignores blanks and letter case: %j',
  (typed) => {
    const { identity, identity_hmac } = storedIdentity(typed, false, 'masked', KEY);
    expect(identity?.toLowerCase()).toBe('a***e@x.test');
    expect(identity_hmac).toBe(identityDigest('alice@x.test', KEY));
  },
);

it('stores nothing for a blank name', () => expect(storedIdentity(' '.repeat(300), false, 'masked', KEY)).toEqual({}));

it('recognises a password behind blanks', () => {
  expect(storedIdentity(`${' '.repeat(254)}Tr0ub4dor&3`, false, 'plain', KEY)).toEqual({ identity_withheld: 'looks_like_password' });
});

it.each([
  // A password with an @ and a dot: no top-level domain has digits (RFC 3696, section 2).
  'P@ssw0rd.Summer24',
  'Tr0ub4dor&3',
  'p@ssw0rd!X',
  'aB3$efgh',
  'Xk29fjQmP0zLw81vRt',
])('never stores %s, whatever the policy', (typed) => {
  expect(looksLikePassword(typed)).toBe(true);
  expect(storedIdentity(typed, false, 'plain', KEY)).toEqual({ identity_withheld: 'looks_like_password' });
});

it.each([
  'ann',
  'ann.arbor',
  'Ann Arbor',
  'ann@example.com',
  'A.B+c1@Example.co.uk',
  'ann@xn--exmple-cua.xn--p1ai',
  'josé',
  '山田太郎',
  "O'Brien",
  'DOMAIN\\ann',
  'user_1234',
])('does not take %s for a password', (typed) => expect(looksLikePassword(typed)).toBe(false));

it('never stores a name that was also typed as password', () => {
  expect(storedIdentity('hunter', true, 'plain', KEY)).toEqual({ identity_withheld: 'looks_like_password' });
});

it('shows at most two characters of a masked name', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('@')),
      (text) => Array.from(mask(text)).length <= 5,
    ),
  );
});

it('cuts a name of a megabyte before it runs a regular expression', () => {
  expect(storedIdentity('a'.repeat(1e6), false, 'plain', KEY).identity).toHaveLength(254);
});
