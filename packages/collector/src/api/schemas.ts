import { FACETS } from '@auditlogin/core/log';
import { z } from 'zod';

/** The named schemas of the OpenAPI document. */
export const components = z.registry<{ id: string }>();

function component<S extends z.ZodType>(id: string, schema: S): S {
  components.add(schema, { id });
  return schema;
}

const text = z.string().min(1);
const map = z.record(z.string(), text).meta({ description: 'Strings by name; neither a name nor a string is empty.' });
const time = z.string().meta({ format: 'date-time' });
const milliseconds = z.number().int().meta({ description: 'In milliseconds since 1970.' });

const actor = component('Actor', z.strictObject({ id: text, name: text.optional(), href: text.optional(), fields: map.optional() }));
const group = component('Group', z.strictObject({ id: text, name: text.optional() }));
const target = component('Target', actor.extend({ type: text.optional() }));

/** An event as the Publisher API promises to take it. What the server takes is decided by `violations()` in core, not by this schema. */
export const eventSchema = component(
  'Event',
  z
    .strictObject({
      action: text.meta({ examples: ['user.login'] }),
      crud: z.enum(['c', 'r', 'u', 'd']),
      actor: actor.optional().meta({ description: 'Required unless `is_anonymous` is true.' }),
      group: group.optional(),
      target: target.optional(),
      is_failure: z.boolean().optional(),
      is_anonymous: z.boolean().optional(),
      source_ip: text.optional().meta({ description: 'IPv4 in dots, or IPv6 as the server takes it.', examples: ['203.0.113.7'] }),
      created: time.optional().meta({ description: 'When it happened.' }),
      description: text.optional(),
      component: text.optional(),
      version: text.optional(),
      external_id: text.optional().meta({ description: 'An id of yours: it can be searched for, and the hash covers it.' }),
      fields: map.optional().meta({ description: 'Can be searched; the hash covers it.' }),
      metadata: map.optional().meta({ description: 'The hash covers it.' }),
    })
    .meta({
      examples: [
        { action: 'user.login', crud: 'c', actor: { id: 'u1', name: 'Ann' }, source_ip: '203.0.113.7', fields: { outcome: 'success' } },
      ],
    }),
);

/** The most events that a bulk call may hold. */
export const MAX_EVENTS = 50;

export const bulkSchema = component('Events', z.object({ events: z.array(eventSchema).min(1).max(MAX_EVENTS) }));

export const receiptSchema = component(
  'Receipt',
  z.object({
    id: text,
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: 'SHA-256 of the canonical text of the event, in hex.' }),
  }),
);
export const receiptsSchema = component('Receipts', z.array(receiptSchema));

export const searchSchema = component(
  'Search',
  z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).optional() }).meta({
    examples: [
      {
        query: 'query ($q: String!) { search(query: $q, last: 5) { totalCount edges { cursor node { id action is_failure } } } }',
        variables: { q: '' },
      },
    ],
  }),
);
export const foundSchema = component(
  'Found',
  z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(z.record(z.string(), z.unknown())).optional() }),
);

export const tokenSchema = component('Token', z.strictObject({ token: z.string().min(1).max(512) }));

export const errorSchema = component(
  'Error',
  z.object({
    status: z.number().int(),
    error: z.string(),
    type: z.string(),
    invalid: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .meta({ description: 'The events of a bulk call that were refused, each with its index and its violations.' }),
  }),
);

export const healthSchema = component('Health', z.object({ status: z.enum(['ok', 'failing']) }));

export const sessionSchema = component(
  'Session',
  z.object({
    project: text,
    group: text.optional().meta({ description: 'Only the events of this group are shown.' }),
    target: text.optional().meta({ description: 'Only the events on this target are shown.' }),
    kind: z.enum(['publisher', 'viewer']).meta({ description: 'The kind of token that opened the session.' }),
  }),
);

const sealSchema = z.object({ instance: text, seq: z.number().int(), keyId: text, seal: text, prev: text.nullable() });
const storedSchema = component(
  'StoredEvent',
  receiptSchema.extend({
    received: milliseconds,
    time: milliseconds,
    cursor: text.meta({ description: 'The place of the event, for `before`.' }),
    names: z
      .object({ actor: text.optional(), group: text.optional(), target: text.optional() })
      .meta({ description: 'The names that are held now for the ids of the event.' }),
    event: eventSchema,
    canonical: text.meta({ description: 'The text that was hashed.' }),
    seal: sealSchema.nullable(),
  }),
);
export const pageSchema = component(
  'EventsPage',
  z.object({
    events: z.array(storedSchema),
    total: z.number().int(),
    isMore: z.boolean().meta({ description: 'Whether there are more events than were counted.' }),
    hasOlder: z.boolean(),
  }),
);
export const timelineSchema = component(
  'Timeline',
  z.object({
    from: milliseconds,
    to: milliseconds,
    step: z.number().int().meta({ description: 'Length of a span, in milliseconds.' }),
    counts: z.array(
      z.object({ start: milliseconds, outcome: text.meta({ description: FACETS.outcome.description }), attempts: z.number().int() }),
    ),
  }),
);
const failureCounts = z.array(z.object({ name: text, failures: z.number().int(), others: z.number().int(), last: milliseconds }));
export const failuresSchema = component('Failures', z.object({ since: milliseconds, sources: failureCounts, accounts: failureCounts }));
export const exportSchema = component(
  'ExportLine',
  receiptSchema.extend({ received: time.meta({ description: 'When the collector received it.' }), event: eventSchema }),
);
export const exportsSchema = component('ExportLines', z.array(exportSchema));
