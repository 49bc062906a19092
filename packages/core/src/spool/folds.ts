import type { Fold } from './spool.js';

/** The most sources a minute that are told apart; the attempts of all others count as from nowhere. */
export const MAX_SOURCES = 1_000;

const MINUTE = 60_000;

/**
 * The minute of a moment.
 *
 * @param at milliseconds since 1970
 * @returns minutes since 1970
 */
export function minuteOf(at: number): number {
  return Math.floor(at / MINUTE);
}

/** Folds in memory, by minute and source. */
export interface FoldTable {
  add(source: string, at: number): void;
  before(minute: number): Fold[];
  /** Takes what was counted in the fold, which may have grown since it was read. */
  subtract(fold: Fold): void;
}

/** Creates an empty table. */
export function createFoldTable(): FoldTable {
  const minutes = new Map<number, Map<string, Fold>>();
  return {
    add(source, at) {
      const minute = minuteOf(at);
      const sources = minutes.get(minute) ?? new Map<string, Fold>();
      minutes.set(minute, sources);
      const key = sources.has(source) || sources.size < MAX_SOURCES ? source : '';
      const fold = sources.get(key) ?? { source: key, minute, count: 0, first: at, last: at };
      sources.set(key, { ...fold, count: fold.count + 1, first: Math.min(fold.first, at), last: Math.max(fold.last, at) });
    },
    before: (limit) => [...minutes].filter(([minute]) => minute < limit).flatMap(([, sources]) => [...sources.values()]),
    subtract({ source, minute, count }) {
      const sources = minutes.get(minute);
      const fold = sources?.get(source);
      if (!sources || !fold) return;
      if (fold.count > count) sources.set(source, { ...fold, count: fold.count - count });
      else sources.delete(source);
      if (sources.size === 0) minutes.delete(minute);
    },
  };
}
