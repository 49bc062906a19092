import type { CoalescedFailures } from './spool.js';

/** The most sources that are counted separately within a minute. Attempts from further sources are counted together, with an empty source. */
export const MAX_SOURCES = 1_000;

const MINUTE = 60_000;

/**
 * Converts milliseconds to minutes.
 *
 * @param at milliseconds since 1970
 * @returns minutes since 1970
 */
export function minuteOf(at: number): number {
  return Math.floor(at / MINUTE);
}

/** Counts of coalesced failures by minute and source, in memory. */
export interface CoalescedTable {
  add(source: string, at: number): void;
  before(minute: number): CoalescedFailures[];
  /** Subtracts a count that became an event. The stored count may have grown since it was read. */
  subtract(coalesced: CoalescedFailures): void;
}

/** Creates an empty table. */
export function createCoalescedTable(): CoalescedTable {
  const minutes = new Map<number, Map<string, CoalescedFailures>>();
  return {
    add(source, at) {
      const minute = minuteOf(at);
      const sources = minutes.get(minute) ?? new Map<string, CoalescedFailures>();
      minutes.set(minute, sources);
      const key = sources.has(source) || sources.size < MAX_SOURCES ? source : '';
      const coalesced = sources.get(key) ?? { source: key, minute, count: 0, first: at, last: at };
      sources.set(key, {
        ...coalesced,
        count: coalesced.count + 1,
        first: Math.min(coalesced.first, at),
        last: Math.max(coalesced.last, at),
      });
    },
    before: (limit) => [...minutes].filter(([minute]) => minute < limit).flatMap(([, sources]) => [...sources.values()]),
    subtract({ source, minute, count }) {
      const sources = minutes.get(minute);
      const coalesced = sources?.get(source);
      if (!sources || !coalesced) return;
      if (coalesced.count > count) sources.set(source, { ...coalesced, count: coalesced.count - count });
      else sources.delete(source);
      if (sources.size === 0) minutes.delete(minute);
    },
  };
}
