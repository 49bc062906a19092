import type { Condition } from '../store/search.js';

/** What a request may see: a project, or of it what concerns one group or one target. */
export interface Scope {
  project: string;
  group?: string;
  target?: string;
}

/**
 * The condition that keeps a search within a scope.
 *
 * @param scope what may be seen
 * @param condition what is searched
 */
export function within({ project, group, target }: Scope, { where, values, match }: Condition): Condition {
  const limits: [string, string | undefined][] = [
    ['e.project = ?', project],
    ['e.group_id = ?', group],
    ['e.target_id = ?', target],
  ];
  const given = limits.filter((limit): limit is [string, string] => limit[1] !== undefined);
  return { where: [...given.map(([sql]) => sql), ...where], values: [...given.map(([, value]) => value), ...values], match };
}
