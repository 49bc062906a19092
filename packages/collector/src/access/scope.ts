import { type Condition, whereFacet, whereValue } from '../store/condition.js';

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
export function within({ project, group, target }: Scope, condition: Condition): Condition {
  const limited: Condition = { ...condition, where: [...condition.where], values: [...condition.values], facets: [...condition.facets] };
  whereValue(limited, 'e.project = ?', project);
  if (group !== undefined) whereFacet(limited, 'group', [group]);
  if (target !== undefined) whereValue(limited, 'e.target_id = ?', target);
  return limited;
}
