import { type Fault, FAULTS, type Report } from './check-log.js';

/** The verdict on a log: `inconclusive` if nothing was read, so that nothing can be judged. */
export type LogVerdict = 'intact' | 'violated' | 'inconclusive';

/**
 * Decides the verdict on a log from the result of its check.
 *
 * @param report the result of `checkLog()`
 * @param read the number of events that were read
 * @param allowed the faults that are accepted
 * @returns the verdict, and the faults that were found and not accepted
 */
export function logVerdict({ counts }: Report, read: number, allowed: ReadonlySet<string>): { verdict: LogVerdict; wrong: Fault[] } {
  const wrong = FAULTS.filter((fault) => counts[fault] > 0 && !allowed.has(fault));
  return { verdict: wrong.length > 0 ? 'violated' : read === 0 ? 'inconclusive' : 'intact', wrong };
}
