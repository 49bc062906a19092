import { createHand } from '../src/spool/hand.js';

test('a process is free when all that was taken of it has left', () => {
  const hand = createHand();
  hand.take('one', [1, 2]);
  hand.take('two', [3]);
  expect(hand.leave([1])).toEqual([]);
  expect(hand.leave([2, 3])).toEqual(['one', 'two']);
  expect(hand.instances()).toEqual([]);
});

test('what is taken twice leaves once', () => {
  const hand = createHand();
  hand.take('one', [1, 2, 2]);
  hand.take('one', [2]);
  expect(hand.size()).toBe(2);
  expect(hand.leave([1, 2])).toEqual(['one']);
});
