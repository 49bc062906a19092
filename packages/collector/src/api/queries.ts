import * as v from 'valibot';
import { filtersSchema } from '../store/filters.js';

const id = v.pipe(v.string(), v.maxLength(1_024));

/** The query of `viewertoken`, of which either `group_id` or `team_id` is required. `is_admin` is taken and ignored: viewers can only read. */
export const viewerTokenQuery = v.object({
  group_id: v.optional(v.pipe(id, v.description('Show only the events of this group.'))),
  team_id: v.optional(v.pipe(id, v.description('The old name of `group_id`.'))),
  target_id: v.optional(v.pipe(id, v.description('Show only the events on this target.'))),
  actor_id: v.optional(v.pipe(id, v.description('Who looks: recorded when the viewer is opened.'))),
  view_log_action: v.optional(
    v.pipe(v.string(), v.minLength(1), v.maxLength(256), v.description('The action of that record.')),
    'audit.log.view',
  ),
  is_admin: v.optional(v.pipe(v.string(), v.description('Taken for compatibility; it opens nothing more.'))),
});

/** The query of a page of events. */
export const eventsQuery = v.strictObject({
  ...filtersSchema.entries,
  before: v.optional(v.pipe(v.string(), v.description('Only events before this cursor.'))),
});

/** The query of an export from the viewer. */
export const exportQuery = v.strictObject({ ...filtersSchema.entries, format: v.picklist(['csv', 'json', 'ndjson']) });

/** A GraphQL request in the query of an address. */
export const graphqlAddress = v.object({
  query: v.pipe(v.string(), v.description('The query.')),
  variables: v.optional(v.pipe(v.string(), v.description('The variables, as JSON.'))),
  operationName: v.optional(v.string()),
});
