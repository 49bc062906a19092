/**
 * Combines positions to ranges of consecutive ones, in order.
 *
 * @param seqs positions, each once, in any order
 */
export function runsOf(seqs: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run.last === seq - 1) run.last = seq;
    else runs.push({ first: seq, last: seq });
  }
  return runs;
}
