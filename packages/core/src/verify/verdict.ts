import { type Fault, FAULTS, type Report } from './check-log.js';

/** What a check says of a log: `inconclusive` if there was nothing to judge. */
export type Verdict = 'intact' | 'violated' | 'inconclusive';

/**
 * Judges the result of a check.
 *
 * @param report the result
 * @param read the number of events that were read
 * @param allowed the faults that are accepted
 * @returns the verdict, and the faults that it rests on
 */
export function verdictOf({ counts }: Report, read: number, allowed: ReadonlySet<string>): { verdict: Verdict; wrong: Fault[] } {
  const wrong = FAULTS.filter((fault) => counts[fault] > 0 && !allowed.has(fault));
  return { verdict: wrong.length > 0 ? 'violated' : read === 0 ? 'inconclusive' : 'intact', wrong };
}
