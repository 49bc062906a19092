import { FACETS } from '@auditlogin/core/log';
import * as v from 'valibot';

/** A schema of any value. */
export type Schema = v.GenericSchema;

/** The named schemas of the OpenAPI document. */
export const components: Record<string, Schema> = {};

function component<S extends Schema>(id: string, schema: S): S {
  components[id] = schema;
  return schema;
}

const text = v.pipe(v.string(), v.minLength(1));
const map = v.pipe(v.record(v.string(), text), v.description('Strings by name; neither a name nor a string is empty.'));
const time = v.pipe(v.string(), v.isoTimestamp());
const integer = v.pipe(v.number(), v.integer());
const milliseconds = v.pipe(integer, v.description('In milliseconds since 1970.'));

const described = <S extends Schema>(schema: S, description: string) => v.pipe(schema, v.description(description));

const actor = component('Actor', v.strictObject({ id: text, name: v.optional(text), href: v.optional(text), fields: v.optional(map) }));
const group = component('Group', v.strictObject({ id: text, name: v.optional(text) }));
const target = component('Target', v.strictObject({ ...actor.entries, type: v.optional(text) }));

/** An event as the Publisher API promises to take it. What the server takes is decided by `violations()` in core, not by this schema. */
export const eventSchema = component(
  'Event',
  v.pipe(
    v.strictObject({
      action: v.pipe(text, v.examples(['user.login'])),
      crud: v.picklist(['c', 'r', 'u', 'd']),
      actor: v.optional(actor),
      group: v.optional(group),
      target: v.optional(target),
      is_failure: v.optional(v.boolean()),
      is_anonymous: v.optional(v.boolean()),
      source_ip: v.optional(v.pipe(text, v.description('IPv4 in dots, or IPv6 as the server takes it.'), v.examples(['203.0.113.7']))),
      created: v.optional(described(time, 'When it happened.')),
      description: v.optional(text),
      component: v.optional(text),
      version: v.optional(text),
      external_id: v.optional(described(text, 'An id of yours: it can be searched for, and the hash covers it.')),
      fields: v.optional(described(map, 'Can be searched; the hash covers it.')),
      metadata: v.optional(described(map, 'The hash covers it.')),
    }),
    v.description('`actor` is required unless `is_anonymous` is true.'),
    v.examples([
      { action: 'user.login', crud: 'c', actor: { id: 'u1', name: 'Ann' }, source_ip: '203.0.113.7', fields: { outcome: 'success' } },
    ]),
  ),
);

/** The most events that a bulk call may hold. */
export const MAX_EVENTS = 50;

export const bulkSchema = component('Events', v.object({ events: v.pipe(v.array(eventSchema), v.minLength(1), v.maxLength(MAX_EVENTS)) }));

const receipt = v.object({
  id: text,
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.description('SHA-256 of the canonical text of the event, in hex.')),
});
export const receiptSchema = component('Receipt', receipt);
export const receiptsSchema = component('Receipts', v.array(receiptSchema));

const object = v.record(v.string(), v.unknown());
export const searchSchema = component(
  'Search',
  v.pipe(
    v.object({ query: v.string(), variables: v.optional(object), operationName: v.optional(v.string()) }),
    v.examples([
      {
        query: 'query ($q: String!) { search(query: $q, last: 5) { totalCount edges { cursor node { id action is_failure } } } }',
        variables: { q: '' },
      },
    ]),
  ),
);
export const foundSchema = component('Found', v.object({ data: v.nullish(object), errors: v.optional(v.array(object)) }));

export const tokenSchema = component('Token', v.strictObject({ token: v.pipe(v.string(), v.minLength(1), v.maxLength(512)) }));

export const viewerTokenSchema = component('ViewerToken', v.object({ token: v.pipe(text, v.description('From `viewertoken`.')) }));
export const voucherSchema = component(
  'Voucher',
  v.object({ project_id: text, token: described(text, 'For `Authorization`, without any word before it.') }),
);

export const errorSchema = component(
  'Error',
  v.object({
    status: integer,
    error: v.string(),
    type: v.string(),
    invalid: v.optional(described(v.array(object), 'The events of a bulk call that were refused, each with its index and its violations.')),
  }),
);

export const healthSchema = component('Health', v.object({ status: v.picklist(['ok', 'failing']) }));

export const sessionSchema = component(
  'Session',
  v.object({
    project: text,
    group: v.optional(described(text, 'Only the events of this group are shown.')),
    target: v.optional(described(text, 'Only the events on this target are shown.')),
    kind: described(v.picklist(['publisher', 'viewer']), 'The kind of token that opened the session.'),
  }),
);

const sealSchema = v.object({ instance: text, seq: integer, keyId: text, seal: text, prev: v.nullable(text) });
const storedSchema = component(
  'StoredEvent',
  v.object({
    ...receipt.entries,
    received: milliseconds,
    time: milliseconds,
    cursor: described(text, 'The place of the event, for `before`.'),
    names: described(
      v.object({ actor: v.optional(text), group: v.optional(text), target: v.optional(text) }),
      'The names that are held now for the ids of the event.',
    ),
    event: eventSchema,
    canonical: described(text, 'The text that was hashed.'),
    seal: v.nullable(sealSchema),
  }),
);
export const pageSchema = component(
  'EventsPage',
  v.object({
    events: v.array(storedSchema),
    total: integer,
    isMore: described(v.boolean(), 'Whether there are more events than were counted.'),
    hasOlder: v.boolean(),
  }),
);
export const timelineSchema = component(
  'Timeline',
  v.object({
    from: milliseconds,
    to: milliseconds,
    step: described(integer, 'Length of a span, in milliseconds.'),
    counts: v.array(v.object({ start: milliseconds, outcome: described(text, FACETS.outcome.description), attempts: integer })),
  }),
);
const failureCounts = v.array(v.object({ name: text, failures: integer, others: integer, last: milliseconds }));
export const failuresSchema = component('Failures', v.object({ since: milliseconds, sources: failureCounts, accounts: failureCounts }));
export const exportSchema = component(
  'ExportLine',
  v.object({ ...receipt.entries, received: described(time, 'When the collector received it.'), event: eventSchema }),
);
export const exportsSchema = component('ExportLines', v.array(exportSchema));
