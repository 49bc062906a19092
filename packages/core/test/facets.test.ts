import type { AuditEvent } from '../src/event/event.js';
import { accountOf, attemptsIn, correctionIn, FACET_NAMES, FACETS, readFacets } from '../src/formats/facets.js';

const event = (more: object = {}): AuditEvent => ({ action: 'user.login', crud: 'c', ...more });

it('gives every facet its own column and letter', () => {
  for (const property of ['column', 'letter', 'label'] as const) {
    expect(new Set(FACET_NAMES.map((name) => FACETS[name][property])).size).toBe(FACET_NAMES.length);
  }
});

it('reads only an outcome and an action from a minimal event', () => {
  expect(readFacets(event())).toEqual({ outcome: 'success', action: 'user.login' });
  expect(readFacets(event({ is_failure: true }))).toMatchObject({ outcome: 'failure' });
});

it.each([
  ['what the fields say, before is_failure', 'outcome', { is_failure: true, fields: { outcome: 'unknown' } }, 'unknown'],
  ['the words of the server for true', 'outcome', { is_failure: 'TRUE' }, 'failure'],
  ['the reason', 'reason', { fields: { reason: 'wrong_password' } }, 'wrong_password'],
  ['the actor, before what was typed', 'account', { actor: { id: 'u1' }, fields: { identity: 'a***e' } }, 'u1'],
  ['the account that was attacked', 'account', { target: { id: 'u2', type: 'account' }, fields: { identity: 'a***e' } }, 'u2'],
  ['no target of another type', 'account', { target: { id: 'session-1', type: 'session' }, fields: { identity: 'a***e' } }, 'a***e'],
  ['the group', 'group', { group: { id: 'acme' } }, 'acme'],
  ['the address that the server takes', 'address', { source_ip: '203.0.113.7', fields: { source_ip_seen: '::1' } }, '203.0.113.7'],
  ['the address that was seen', 'address', { fields: { source_ip_seen: '::1' } }, '::1'],
  ['no empty text', 'reason', { fields: { reason: '' } }, undefined],
  ['no value of another type', 'reason', { fields: { reason: 5 } }, undefined],
] as const)('reads %s', (_what, facet, more, expected) => expect(readFacets(event(more))[facet]).toBe(expected));

it('does not take a typed user name for an account', () => {
  expect(accountOf(event({ fields: { identity: 'alice' } }))).toBeUndefined();
});

it.each([
  ['the event that it names', { corrects: 'first' }, 'first'],
  ['nothing, if it names none', { corrects: '' }, undefined],
  ['nothing, without fields', undefined, undefined],
])('an event corrects %s', (_what, fields, expected) => expect(correctionIn(event({ fields }))).toBe(expected));

it.each([
  [undefined, 1],
  ['41', 41],
  ['0', 1],
  ['1e9', 1],
  ['9'.repeat(13), 1],
])('an event with a coalesced_count of %j stands for %d attempts', (count, attempts) => {
  expect(attemptsIn(event(count === undefined ? {} : { fields: { coalesced_count: count } }))).toBe(attempts);
});
