import fc from 'fast-check';
import { Suspects } from '../src/publish/suspects.js';
import type { SpooledEvent } from '../src/spool/spool.js';

const event = (id: string): SpooledEvent => ({ id }) as SpooledEvent;
const [a, b, c] = ['a', 'b', 'c'].map(event) as [SpooledEvent, SpooledEvent, SpooledEvent];
let time = 0;
const fresh = (): Suspects => new Suspects({ min: 1, max: 1 }, () => time);
beforeEach(() => (time = 0));

it('lets an event that has not failed be sent now, and one that has failed after the others', () => {
  const suspects = fresh();
  suspects.failed([a, b]);
  expect([a, b, c].map((one) => suspects.turnOf(one))).toEqual(['later', 'later', 'now']);
  expect(suspects.isCompared([a, c])).toBe(false);
  suspects.passed([c]);
  expect(suspects.turnOf(a)).toBe('now');
  expect(suspects.isCompared([a, c])).toBe(true);
  suspects.passed([a, b]);
  expect([suspects.count, suspects.isCompared([a, b])]).toEqual([0, false]);
});

it('lets others overtake an event that has failed alone three times, and counts it as refused after five times', () => {
  const suspects = fresh();
  suspects.failed([a]);
  const judgements = Array.from({ length: 5 }, () => {
    suspects.passed([c]);
    return [suspects.failedAlone(a), suspects.turnOf(a)];
  });
  expect(judgements).toEqual([
    ['again', 'now'],
    ['again', 'now'],
    ['overtaken', 'alone'],
    ['overtaken', 'alone'],
    ['refused', 'alone'],
  ]);
});

it('needs no further pass while the last one is recent, and a new one after that', () => {
  const suspects = fresh();
  suspects.passed([c]);
  suspects.failedAlone(a);
  expect(suspects.isCompared([a])).toBe(true);
  time += 10_001;
  expect(suspects.isCompared([a])).toBe(false);
  suspects.passed([c]);
  expect(suspects.isCompared([a])).toBe(true);
});

it('takes two events that fail alone, with nothing passing between, for an outage', () => {
  const suspects = fresh();
  suspects.passed([c]);
  expect(suspects.failedAlone(a)).not.toBe('outage');
  expect(suspects.failedAlone(b)).toBe('outage');
  suspects.passed([c]);
  expect(suspects.failedAlone(b)).not.toBe('outage');
});

it('never counts an event as refused while nothing passes, in whatever order events fail', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(a, b, c), { maxLength: 60 }), (order) => {
      const suspects = fresh();
      for (const one of order) {
        if (suspects.isCompared([one])) expect(suspects.failedAlone(one)).not.toBe('refused');
        else suspects.failed([one]);
      }
    }),
  );
});
