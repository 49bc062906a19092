import * as v from 'valibot';
import { filtersSchema } from '../store/filters.js';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(1_024));

/** The query of `viewertoken`. `is_admin` is taken and ignored: the viewers of a collector can only read. */
export const viewerTokenQuery = v.object({
  group_id: v.optional(v.pipe(id, v.description('Show only the events of this group.'))),
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
