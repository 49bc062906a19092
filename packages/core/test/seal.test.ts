import fc from 'fast-check';
import type { AuditEvent } from '../src/index.js';
import { checkSeal, checkLog, normaliseEvent, projectKey, readBack, type ReadBackEvent, sealKeyOf, sealOf, timeOfId } from '../src/log.js';
import { eventHash } from '../src/event/hash.js';
import { eventId } from '../src/event/id.js';
import { createSealer } from '../src/event/seal.js';
import { anyEvent } from './arbitraries.js';

const KEY = sealKeyOf('k'.repeat(32));
const OTHER = sealKeyOf('o'.repeat(32));
const INSTANCE = '0d7c2a5e-0000-4000-8000-000000000001';
const pairs = (map: Record<string, string> | undefined): { key: string; value: string }[] | null =>
  map ? Object.entries(map).map(([key, value]) => ({ key, value })) : null;

/** The event as the real server returns it: with whole seconds, lists, nulls and current names (Publisher API, "What can be read back"). */
function stored(event: AuditEvent, id: string): ReadBackEvent {
  const { actor, group, target } = event;
  return readBack({
    ...event,
    id,
    created: event.created === undefined ? null : new Date(event.created).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    actor: actor ? { id: actor.id, name: 'another name', href: null, fields: pairs(actor.fields) } : null,
    group: group ? { id: group.id, name: 'another name' } : null,
    target: target ? { id: target.id, name: 'another name', href: null, type: target.type ?? null, fields: pairs(target.fields) } : null,
    fields: pairs(event.fields)?.reverse(),
    metadata: pairs(event.metadata),
    source_ip: event.source_ip ?? null,
  });
}

it('seals any event so that the seal is valid when the event is read back', () => {
  fc.assert(
    fc.property(anyEvent, (input) => {
      const event = normaliseEvent({ ...input, is_anonymous: true });
      const sealed = createSealer(KEY, INSTANCE)({ ...event, external_id: event.external_id ?? eventId(Date.now()) });
      const read = stored(sealed, 'r1');
      expect(checkSeal(read.event, [OTHER, KEY])).toBe('valid');
      // The hash that is computed from the log is the hash in the receipt.
      expect(eventHash('r1', read.event)).toBe(eventHash('r1', sealed));
    }),
  );
});

const base: AuditEvent = {
  ...normaliseEvent({
    action: 'user.login',
    actor: { id: 'u1', fields: { role: 'admin' } },
    group: { id: 'acme' },
    target: { id: 't', type: 'user', fields: { a: 'b' } },
    source_ip: '203.0.113.7',
    description: 'd',
    component: 'c',
    version: '1',
    fields: { outcome: 'failure' },
    metadata: { m: 'n' },
    is_failure: true,
  }),
  external_id: '01a209cb-ceb0-77cc-b902-30e30430e94b',
};

it.each<[string, (event: AuditEvent) => void]>([
  ['action', (event) => (event.action = 'user.logout')],
  ['crud', (event) => (event.crud = 'r')],
  ['actor.id', (event) => (event.actor!.id = 'u2')],
  ['actor.fields', (event) => (event.actor!.fields!['role'] = 'guest')],
  ['group.id', (event) => (event.group!.id = 'globex')],
  ['target.id', (event) => (event.target!.id = 'x')],
  ['target.type', (event) => (event.target!.type = 'x')],
  ['target.fields', (event) => (event.target!.fields!['a'] = 'x')],
  ['is_failure', (event) => (event.is_failure = false)],
  ['is_anonymous', (event) => (event.is_anonymous = true)],
  ['source_ip', (event) => (event.source_ip = '198.51.100.1')],
  ['description', (event) => (event.description = 'x')],
  ['component', (event) => delete event.component],
  ['version', (event) => (event.version = '2')],
  ['external_id', (event) => (event.external_id = 'x')],
  ['fields', (event) => (event.fields!['outcome'] = 'success')],
  ['a field that is added', (event) => (event.fields!['extra'] = 'x')],
  ['metadata', (event) => delete event.metadata],
  ['the place', (event) => (event.fields!['seal_seq'] = '2')],
  ['the instance', (event) => (event.fields!['seal_instance'] = 'x')],
  ['a seal before it', (event) => (event.fields!['seal_prev'] = 'x')],
])('detects a change of %s', (_name, tamper) => {
  const sealed = structuredClone(createSealer(KEY, INSTANCE)(base));
  expect(checkSeal(sealed, [KEY])).toBe('valid');
  tamper(sealed);
  expect(checkSeal(sealed, [KEY])).toBe('invalid');
});

it.each<[string, (event: AuditEvent) => void]>([
  ["the actor's fields", (event) => (event.actor!.fields = { role: 'admin' })],
  ["the target's fields", (event) => (event.target!.fields = { a: 'b' })],
  ["the target's type", (event) => (event.target!.type = 'session')],
  [
    'all of them',
    (event) => {
      event.actor!.fields = { role: 'admin' };
      event.target = { ...event.target!, type: 'session', fields: { a: 'b' } };
    },
  ],
])('is valid if the log adds %s, which other events gave', (_name, add) => {
  const sealed = structuredClone(createSealer(KEY, INSTANCE)({ ...base, actor: { id: 'u1' }, target: { id: 't1' } }));
  add(sealed);
  expect(checkSeal(sealed, [KEY])).toBe('valid');
});

it('identifies keys by ids that do not reveal them', () => {
  const sealed = createSealer(KEY, INSTANCE)(base);
  expect(checkSeal(sealed, [OTHER])).toBe('unknown_key');
  expect(checkSeal(base, [KEY])).toBe('unsealed');
  expect(checkSeal({ ...base, fields: { seal: 'x' } }, [KEY])).toBe('invalid');
  expect(KEY.id).toMatch(/^[\da-f]{8}$/);
  expect(JSON.stringify(sealed)).not.toContain(KEY.key);
});

it('stores the exact time of an event whose id is not a UUIDv7', () => {
  expect(timeOfId(eventId(1_763_884_800_123))).toBe(1_763_884_800_123);
  expect(timeOfId('order-4711')).toBeUndefined();
  const sealed = createSealer(KEY, INSTANCE)({ ...base, external_id: 'order-4711' });
  expect(sealed.fields!['seal_time']).toBe(base.created);
});

it('names each seal in the next event', () => {
  const seal = createSealer(KEY, INSTANCE);
  const [first, second] = [seal(base), seal(base)].map((event) => sealOf(event)!);
  expect([first!.seq, first!.prev, second!.seq, second!.prev]).toEqual([1, undefined, 2, first!.seal]);
});

it('finds a second chain that was made with the same key and instance', () => {
  const seals = [createSealer(KEY, INSTANCE), createSealer(KEY, INSTANCE)] as const;
  const at = (time: number): AuditEvent => ({ ...base, external_id: eventId(time), created: new Date(time).toISOString() });
  const first = seals[0](at(1_000));
  seals[1](at(2_000));
  const second = seals[1](at(3_000));
  const report = checkLog({
    events: [stored(first, 'r1'), stored(second, 'r2')],
    ...{ keys: [KEY], receipts: [], pending: [], now: 1e9, grace: 0 },
  });
  expect(report.counts).toMatchObject({ reordered: 1, verified: 1 });
});

it('seals for one project, so that a sealed event of another one is not valid here', () => {
  const sealed = createSealer(projectKey(KEY, 'shop'), INSTANCE)(base);
  expect(checkSeal(sealed, [projectKey(KEY, 'shop')])).toBe('valid');
  expect(checkSeal(sealed, [projectKey(KEY, 'staging')])).toBe('invalid');
  expect(checkSeal(sealed, [projectKey(KEY, 'staging'), projectKey(KEY, 'shop')])).toBe('valid');
});
