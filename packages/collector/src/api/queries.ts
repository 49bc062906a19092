import { z } from 'zod';
import { filtersSchema } from '../store/filters.js';

const id = z.string().min(1).max(1_024).optional();

/** The query of `viewertoken`. `is_admin` is taken and ignored: the viewers of a collector can only read. */
export const viewerTokenQuery = z.object({
  group_id: id.meta({ description: 'Show only the events of this group.' }),
  target_id: id.meta({ description: 'Show only the events on this target.' }),
  actor_id: id.meta({ description: 'Who looks: recorded when the viewer is opened.' }),
  view_log_action: z.string().min(1).max(256).default('audit.log.view').meta({ description: 'The action of that record.' }),
  is_admin: z.string().optional().meta({ description: 'Taken for compatibility; it opens nothing more.' }),
});

/** The query of a page of events. */
export const eventsQuery = filtersSchema.extend({
  before: z.string().optional().meta({ description: 'Only events before this cursor.' }),
});

/** The query of an export from the viewer. */
export const exportQuery = filtersSchema.extend({ format: z.enum(['csv', 'json', 'ndjson']) });
