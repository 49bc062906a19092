import { buildHashTarget } from '@retracedhq/retraced/lib/event.js';
import fc from 'fast-check';
import { acceptedEvents, recordings } from '../../../test/conformance.js';
import { type AuditEvent, eventHash } from '../src/index.js';
import { canonicalTail, canonicalText, receiptMatches } from '../src/log.js';
import { anyEvent } from './arbitraries.js';

const accepted = recordings.filter((recording) => recording.receipt !== undefined);

it('has accepted recordings to compare with', () => {
  expect(accepted.length).toBeGreaterThan(400);
});

it.each(accepted.map((recording) => [recording.name, recording] as const))('computes the hash of the server: %s', (_name, recording) => {
  for (const { event, receipt } of acceptedEvents(recording)) {
    // The recorded text is that of the official SDK, which is wrong if it disagrees with the server.
    if (recording.hash_input !== undefined && !recording.sdk_disagrees) expect(canonicalText(receipt.id, event)).toBe(recording.hash_input);
    expect(eventHash(receipt.id, event)).toBe(receipt.hash);
    expect(receiptMatches(receipt, canonicalTail(event))).toBe(true);
  }
});

it('computes the golden vectors of the documentation', () => {
  const first = { action: 'user.login', crud: 'c', actor: { id: 'actor-id' }, group: { id: 'group-id' }, source_ip: '8.8.8.8' } as const;
  expect(canonicalText('event-id', first)).toBe('event-id:user.login::actor-id:group-id:8.8.8.8:0:0:' + ':');
  expect(eventHash('event-id', { ...first, fields: {} })).toBe('1ee7c214a6bc2ab3e4f921b7c98a148357eebb56081fd68d88bd25acdec45332');
  const second: AuditEvent = {
    action: 'even.more.of.a.test',
    crud: 'c',
    group: { id: '%% :: some %% customer :: %%' },
    actor: { id: 'user@domain.xyz' },
    target: { id: 'some_object01234' },
    is_failure: true,
    fields: { ';zyx=cba;abc=xyz': 'nothing special', ';Zyx=Cba%Abc=Xyz': '% hi there %' },
  };
  expect(eventHash('abf053dc4a3042459818833276eec717', second)).toBe('5b570bff4628b35262fb401d2f6c9bb38d29e212f6e0e8ea93445b4e5a253d50');
});

it('makes the canonical text of the official SDK, for events parsed from JSON', () => {
  fc.assert(
    fc.property(anyEvent, fc.uuid(), (generated, id) => {
      const event = JSON.parse(JSON.stringify(generated)) as AuditEvent;
      expect(canonicalText(id, event)).toBe(buildHashTarget(event as never, id));
    }),
    { numRuns: 1000 },
  );
});

it('rejects a receipt with another id, or for an event that differs in a hashed attribute', () => {
  const event: AuditEvent = { action: 'user.login', crud: 'c', actor: { id: 'u' }, fields: { a: 'b' } };
  const receipt = { id: 'one', hash: eventHash('one', event) };
  expect(receiptMatches({ ...receipt, id: 'two' }, canonicalTail(event))).toBe(false);
  expect(receiptMatches(receipt, canonicalTail({ ...event, actor: { id: 'v' } }))).toBe(false);
  expect(receiptMatches(receipt, canonicalTail({ ...event, fields: { a: 'c' } }))).toBe(false);
  expect(receiptMatches(receipt, canonicalTail({ ...event, is_failure: true }))).toBe(false);
});
