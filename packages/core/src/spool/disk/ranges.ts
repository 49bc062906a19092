/** Positions from `first` to `last`, both included. */
export interface Range {
  first: number;
  last: number;
}

/** Every position. */
export const EVERYWHERE: Range = { first: 0, last: Number.MAX_SAFE_INTEGER };

/**
 * Combines positions to ranges of consecutive ones, in order.
 *
 * @param seqs positions, each once, in any order
 */
export function runsOf(seqs: readonly number[]): Range[] {
  const runs: Range[] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run.last === seq - 1) run.last = seq;
    else runs.push({ first: seq, last: seq });
  }
  return runs;
}

/**
 * Counts the positions in a range.
 *
 * @param range the range
 */
export function lengthOf({ first, last }: Range): number {
  return last - first + 1;
}

/**
 * Whether a position is in one of some ranges.
 *
 * @param ranges the ranges
 * @param seq the position
 */
export function isIn(ranges: readonly Range[], seq: number): boolean {
  return ranges.some(({ first, last }) => first <= seq && seq <= last);
}
