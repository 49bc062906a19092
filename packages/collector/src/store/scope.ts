import { type Condition, whereFacet, whereValue } from './condition.js';

/** The events that a request may see: those of a project, or only those of one group or one target in it. */
export interface Scope {
  project: string;
  group?: string | undefined;
  target?: string | undefined;
}

/**
 * Restricts a search to a scope.
 *
 * @param scope the scope
 * @param condition the condition of the search
 * @returns a new condition; `condition` is not changed
 */
export function within({ project, group, target }: Scope, condition: Condition): Condition {
  const limited: Condition = { ...condition, where: [...condition.where], values: [...condition.values], facets: [...condition.facets] };
  whereValue(limited, 'e.project = ?', project);
  if (group !== undefined) whereFacet(limited, 'group', [group]);
  if (target !== undefined) whereValue(limited, 'e.target_id = ?', target);
  return limited;
}
