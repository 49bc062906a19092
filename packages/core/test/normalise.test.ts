import { type AuditEvent, type EventInput, isAuditError } from '../src/index.js';
import { eventId, normaliseEvent, canonicalTail } from '../src/log.js';
import { serialise } from '../src/engine.js';

const base: EventInput = { action: 'user.login', actor: { id: 1 } };

it('converts numbers to strings and dates to ISO 8601, and omits empty values', () => {
  const event = normaliseEvent({
    ...base,
    actor: { id: 42n, name: '', href: null, fields: { a: 1, b: '', c: true, d: undefined } },
    group: { id: 0 },
    target: { id: { toString: () => 'oid-1' } },
    created: new Date('2026-01-02T03:04:05.678Z'),
    description: '',
    fields: { count: 3, none: null },
    metadata: {},
  });
  expect(event).toEqual({
    action: 'user.login',
    crud: 'c',
    actor: { id: '42', fields: { a: '1', c: 'true' } },
    group: { id: '0' },
    target: { id: 'oid-1' },
    is_failure: false,
    is_anonymous: false,
    created: '2026-01-02T03:04:05.678Z',
    fields: { count: '3' },
  });
});

it('replaces NUL and lone surrogates, which would hide the event from search', () => {
  const event = normaliseEvent({ ...base, actor: { id: 'a\0b', name: '\ud800' }, fields: { 'k\0': 'v\udc00' } });
  expect(event.actor).toEqual({ id: 'a\uFFFDb', name: '\uFFFD' });
  expect(event.fields).toEqual({ 'k\uFFFD': 'v\uFFFD' });
});

it('shortens long ids so that they can be found and stay different', () => {
  const [one, two] = ['x', 'y'].map((end) => normaliseEvent({ ...base, actor: { id: 'a'.repeat(5000) + end } }).actor!.id);
  expect(one!.length).toBeLessThanOrEqual(512);
  expect(one).not.toBe(two);
});

it('keeps a __proto__ key, in the JSON and in the hash', () => {
  const event = normaliseEvent({ ...base, fields: JSON.parse('{"__proto__":"x","a":"b"}') as Record<string, string> });
  const serialised = serialise({ ...event, external_id: 'e' });
  expect(serialised.body).toContain('"__proto__":"x"');
  expect(serialised.tail).toContain(':__proto__=x;a=b;');
  expect(canonicalTail(JSON.parse(serialised.body) as AuditEvent)).toBe(serialised.tail);
});

it.each<[string, unknown, RegExp]>([
  ['no action', { actor: { id: 1 } }, /'action'/],
  ['unknown key', { ...base, acton: 'x' }, /"acton" is not a field of an event; did you mean "action"\?/],
  ['unknown key of a part', { ...base, actor: { id: 1, email: 'x' } }, /"actor\.email"/],
  ['no id', { ...base, actor: { id: '' } }, /"actor\.id"/],
  ['not a number', { ...base, actor: { id: NaN } }, /"actor\.id"/],
  ['a plain object as id', { ...base, actor: { id: {} } }, /"actor\.id"/],
  ['bad date', { ...base, created: 'yesterday' }, /"created"/],
  ['bad crud', { ...base, crud: 'x' }, /'crud'/],
  ['no actor', { action: 'a', is_anonymous: false }, /'actor'/],
  ['no object', null, /must be an object/],
  ['a string for a part', { ...base, group: 'acme' }, /"group" must be an object/],
])('refuses and names the field: %s', (_name, input, message) => {
  expect(() => normaliseEvent(input as EventInput)).toThrow(message);
  try {
    normaliseEvent(input as EventInput);
  } catch (thrown) {
    expect(isAuditError(thrown) && thrown.code).toBe('ERR_AUDIT_EVENT_INVALID');
  }
});

it('refuses an event that is too large', () => {
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, 'x'.repeat(8000)]));
  expect(() => serialise({ ...normaliseEvent({ ...base, fields }), external_id: 'e' })).toThrow(/bytes as JSON; expected at most 131072/);
});

it('mints ids that contain the millisecond of the event', () => {
  const created = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const id = eventId(created);
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(created);
  expect(new Set(Array.from({ length: 5000 }, () => eventId(created))).size).toBe(5000);
});
