import type { CoalescedAttempts, CoalescedKind } from './spool.js';

/** The most kinds that are counted within a minute for each source of its own. Attempts from further sources are counted with an empty source. */
export const MAX_KINDS = 1_000;

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

/** Counts of coalesced attempts by minute and kind, in memory. */
export interface CoalescedTable {
  add(kind: CoalescedKind, at: number): void;
  before(minute: number): CoalescedAttempts[];
  /** Subtracts a count that became an event. The stored count may have grown since it was read. */
  subtract(coalesced: CoalescedAttempts): void;
}

/** Creates an empty table. */
export function createCoalescedTable(): CoalescedTable {
  const minutes = new Map<number, Map<string, CoalescedAttempts>>();
  return {
    add(kind, at) {
      const minute = minuteOf(at);
      const kinds = minutes.get(minute) ?? new Map<string, CoalescedAttempts>();
      minutes.set(minute, kinds);
      const counted = kinds.has(keyOf(kind)) || kinds.size < MAX_KINDS ? kind : { ...kind, source: '' };
      const found = kinds.get(keyOf(counted)) ?? { ...counted, minute, count: 0, first: at, last: at };
      kinds.set(keyOf(counted), {
        ...found,
        count: found.count + 1,
        first: Math.min(found.first, at),
        last: Math.max(found.last, at),
      });
    },
    before: (limit) => [...minutes].filter(([minute]) => minute < limit).flatMap(([, kinds]) => [...kinds.values()]),
    subtract(coalesced) {
      const { minute, count } = coalesced;
      const kinds = minutes.get(minute);
      const found = kinds?.get(keyOf(coalesced));
      if (!kinds || !found) return;
      if (found.count > count) kinds.set(keyOf(coalesced), { ...found, count: found.count - count });
      else kinds.delete(keyOf(coalesced));
      if (kinds.size === 0) minutes.delete(minute);
    },
  };
}

function keyOf({ action, outcome, source }: CoalescedKind): string {
  return `${action} ${outcome} ${source}`;
}
