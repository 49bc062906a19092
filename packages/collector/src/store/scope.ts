import { type Condition, whereFacet, whereValue } from './condition.js';

/** What a request may see: the events of a project, or only those of one group or on one target. */
export interface Scope {
  project: string;
  group?: string | undefined;
  target?: string | undefined;
}

/**
 * Narrows a search to a scope.
 *
 * @param scope what may be seen
 * @param condition what is searched
 * @returns a new condition; `condition` is not changed
 */
export function within({ project, group, target }: Scope, condition: Condition): Condition {
  const limited: Condition = { ...condition, where: [...condition.where], values: [...condition.values], facets: [...condition.facets] };
  whereValue(limited, 'e.project = ?', project);
  if (group !== undefined) whereFacet(limited, 'group', [group]);
  if (target !== undefined) whereValue(limited, 'e.target_id = ?', target);
  return limited;
}
