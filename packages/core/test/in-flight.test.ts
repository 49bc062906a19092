import { createInFlight } from '../src/spool/in-flight.js';

it('reports an instance as free when all of its events have left', () => {
  const inFlight = createInFlight();
  inFlight.take('one', [1, 2]);
  inFlight.take('two', [3]);
  expect(inFlight.leave([1])).toEqual([]);
  expect(inFlight.leave([2, 3])).toEqual(['one', 'two']);
  expect(inFlight.instances()).toEqual([]);
});

it('counts an event that is taken twice only once', () => {
  const inFlight = createInFlight();
  inFlight.take('one', [1, 2, 2]);
  inFlight.take('one', [2]);
  expect(inFlight.size()).toBe(2);
  expect(inFlight.leave([1, 2])).toEqual(['one']);
});
