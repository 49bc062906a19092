import { createInFlight } from '../src/spool/in-flight.js';

test('a process is free when all that was taken of it has left', () => {
  const inFlight = createInFlight();
  inFlight.take('one', [1, 2]);
  inFlight.take('two', [3]);
  expect(inFlight.leave([1])).toEqual([]);
  expect(inFlight.leave([2, 3])).toEqual(['one', 'two']);
  expect(inFlight.instances()).toEqual([]);
});

test('what is taken twice leaves once', () => {
  const inFlight = createInFlight();
  inFlight.take('one', [1, 2, 2]);
  inFlight.take('one', [2]);
  expect(inFlight.size()).toBe(2);
  expect(inFlight.leave([1, 2])).toEqual(['one']);
});
