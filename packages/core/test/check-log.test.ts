import fc from 'fast-check';
import { eventHash } from '../src/event/hash.js';
import { eventId } from '../src/event/id.js';
import { createSealer } from '../src/event/seal.js';
import type { AuditEvent } from '../src/index.js';
import { checkLog, type LedgerEntry, type ReadBackEvent, recordsOf, sealKeyOf, sealOf, logVerdict } from '../src/log.js';

const KEY = sealKeyOf('k'.repeat(32));
const INSTANCE = '0d7c2a5e-0000-4000-8000-000000000001';
const names = { actor: undefined, group: undefined, target: undefined };
const FORGED: AuditEvent = {
  action: 'user.login',
  crud: 'c',
  actor: { id: '666' },
  is_failure: false,
  is_anonymous: false,
  fields: { outcome: 'success' },
};

/** A log of five sealed failures, with the receipt of each. */
function made(): { events: ReadBackEvent[]; receipts: LedgerEntry[] } {
  const seal = createSealer(KEY, INSTANCE);
  const events = Array.from({ length: 5 }, (_, index): ReadBackEvent => {
    const time = 1_700_000_000_000 + index * 1000;
    const event = seal({
      ...{ action: 'user.login', crud: 'c' as const, actor: { id: `u${index}` }, is_failure: true, is_anonymous: false },
      external_id: eventId(time),
      fields: { outcome: 'failure' },
    });
    return { id: `r${index}`, created: new Date(time).toISOString(), received: undefined, names, event };
  });
  const receipts = events.map(({ id, event }, at): LedgerEntry => {
    const { instance, seq: sealSeq } = sealOf(event)!;
    return { receiptId: id, externalId: event.external_id!, hash: eventHash(id, event), isVerified: true, at, instance, sealSeq };
  });
  return { events, receipts };
}
function judge(events: readonly ReadBackEvent[], receipts: readonly LedgerEntry[], allow: string[] = [], outside?: ReadBackEvent[]) {
  const report = checkLog({ events, receipts, keys: [KEY], pending: [], now: 2e12, grace: 0, outside });
  return { ...report, ...logVerdict(report, events.length, new Set(allow)) };
}
const forged = (event: AuditEvent, id = 'forged'): ReadBackEvent => ({ id, created: undefined, received: undefined, names, event });

it('calls the untouched log intact, with and without receipts', () => {
  const { events, receipts } = made();
  expect([judge(events, receipts).verdict, judge(events, []).verdict]).toEqual(['intact', 'intact']);
});

it('calls an empty log inconclusive, and violated if there are receipts', () => {
  expect([judge([], []).verdict, judge([], made().receipts).verdict]).toEqual(['inconclusive', 'violated']);
});

describe.each([
  ['with receipts', true],
  ['from the log alone', false],
])('%s', (_, hasReceipts) => {
  const ledger = (receipts: LedgerEntry[]): LedgerEntry[] => (hasReceipts ? receipts : []);

  it('accepts a true copy only as duplicated', () => {
    const { events, receipts } = made();
    const copied = [...events, { ...events[2]!, id: 'copy' }];
    expect(judge(copied, ledger(receipts)).wrong).toEqual(['duplicated']);
    expect(judge(copied, ledger(receipts), ['duplicated']).verdict).toBe('intact');
  });

  it.each([
    ['before', true],
    ['after', false],
  ])('finds a forged event with the external_id of another, which is read %s it', (__, isFirst) => {
    const { events, receipts } = made();
    const other = forged({ ...FORGED, external_id: events[2]!.event.external_id! });
    const log = isFirst ? [other, ...events] : [...events, other];
    expect(judge(log, ledger(receipts), ['duplicated', 'unsealed'])).toMatchObject({
      verdict: 'violated',
      wrong: ['foreign'],
      counts: { verified: 5 },
    });
  });

  it('finds a changed copy that keeps the seal', () => {
    const { events, receipts } = made();
    const changed = forged({ ...events[2]!.event, actor: { id: '666' } });
    expect(judge([...events, changed], ledger(receipts), ['duplicated']).wrong).toEqual(['foreign']);
  });

  it('finds an event that was rewritten in place under the id of another', () => {
    const { events, receipts } = made();
    events[1] = forged({ ...FORGED, external_id: events[3]!.event.external_id! }, events[1]!.id);
    expect(judge(events, ledger(receipts), ['duplicated', 'unsealed']).verdict).toBe('violated');
  });

  it('never calls a log intact in which one event was changed, deleted, or stripped of its seal', () => {
    const change = fc.constantFrom<(event: AuditEvent) => AuditEvent | undefined>(
      () => undefined,
      (event) => ({ ...event, is_failure: false }),
      (event) => ({ ...event, actor: { id: '666' } }),
      (event) => ({ ...event, fields: { outcome: 'success' } }),
      (event) => ({ ...FORGED, ...(event.external_id !== undefined && { external_id: event.external_id }) }),
    );
    // The newest event cannot be judged from the log alone.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: hasReceipts ? 4 : 3 }), change, (place, changed) => {
        const { events, receipts } = made();
        const event = changed(events[place]!.event);
        events.splice(place, 1, ...(event ? [{ ...events[place]!, event }] : []));
        return judge(events, ledger(receipts), ['duplicated', 'unsealed']).verdict === 'violated';
      }),
    );
  });
});

it('judges a part as a part: what a query left out is not missing, what the log lost is', () => {
  const { events, receipts } = made();
  const part = events.filter((_, index) => index % 2 === 0);
  const rest = events.filter((_, index) => index % 2 === 1);
  expect(judge(part, receipts, [], rest)).toMatchObject({ verdict: 'intact', counts: { verified: 3, missing: 0 } });
  expect(judge(part, receipts, [], rest.slice(1))).toMatchObject({ verdict: 'violated', counts: { missing: 1 } });
  expect(judge(part, [], [], [])).toMatchObject({ verdict: 'intact', counts: { missing: 0 } });
  const altered = rest.map((read) => ({ ...read, event: { ...read.event, is_failure: false } }));
  expect(judge(part, receipts, [], altered)).toMatchObject({ verdict: 'violated', counts: { altered: 2 } });
});

it('chooses the receipts that were kept under another name of the address', () => {
  const { events, receipts } = made();
  const kept = new Map([
    ['named', receipts],
    ['another log', [{ ...receipts[0]!, receiptId: 'elsewhere' }]],
  ]);
  expect(recordsOf(events, 'asked', kept, new Map())).toEqual({ receipts, pending: [], unrelated: 1 });
  expect(recordsOf([], 'asked', kept, new Map())).toEqual({ receipts: [], pending: [], unrelated: 6 });
});
