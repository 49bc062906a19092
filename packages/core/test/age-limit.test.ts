import { AgeLimit } from '../src/publish/age-limit.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 27);

let clock: { wall: number; steady: number };
beforeEach(() => (clock = { wall: NOW, steady: 0 }));
const limit = (longest = 7 * DAY): AgeLimit => new AgeLimit(longest, { wall: () => clock.wall, steady: () => clock.steady });
const wait = (time: number): void => {
  clock.wall += time;
  clock.steady += time;
};

it('counts an event as too old once it has waited longer than the longest age', () => {
  const age = limit();
  const queued = clock.wall;
  wait(7 * DAY);
  expect(age.isOver(queued)).toBe(false);
  wait(1);
  expect(age.isOver(queued)).toBe(true);
});

it.each([
  ['a month forward', 30 * DAY],
  ['a month back', -30 * DAY],
])('an event is not too old because the clock is set %s while it waits', (_way, jump) => {
  const age = limit();
  const queued = clock.wall;
  wait(HOUR);
  expect(age.isOver(queued)).toBe(false);
  clock.wall += jump;
  for (let hour = 0; hour < 24; hour += 1) {
    wait(HOUR);
    expect(age.isOver(queued)).toBe(false);
  }
  const later = clock.wall;
  wait(8 * DAY);
  expect(age.isOver(later)).toBe(true);
});

it('tries an event of an earlier process for an hour, however old it seems', () => {
  const age = limit();
  const queued = clock.wall - 30 * DAY;
  expect(age.isOver(queued)).toBe(false);
  wait(HOUR);
  expect(age.isOver(queued)).toBe(true);
});

it('tries it for the longest age, if that is shorter', () => {
  const age = limit(1_000);
  const queued = clock.wall - DAY;
  wait(999);
  expect(age.isOver(queued)).toBe(false);
  wait(1);
  expect(age.isOver(queued)).toBe(true);
});
