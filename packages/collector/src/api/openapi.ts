const TEXT = { type: 'string', minLength: 1 } as const;
const MAP = { type: 'object', additionalProperties: TEXT, description: 'Strings by name; no string is empty.' } as const;
const ref = (name: string): { $ref: string } => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object): object => ({ content: { 'application/json': { schema } } });
const answer = (description: string, schema: object): object => ({ description, ...json(schema) });
const query = (name: string, description: string, schema: object = TEXT): object => ({ name, in: 'query', description, schema });

const REFUSALS = {
  '400': answer('The event, the call or the query cannot be right; nothing was stored.', ref('Error')),
  '401': answer('No token, or one that does not open this project.', ref('Error')),
  '413': answer('The body is larger than 10 MiB, after inflation.', ref('Error')),
  '429': answer('Too many requests without a valid token came from this address.', ref('Error')),
} as const;
const project = { name: 'project', in: 'path', required: true, description: 'Project id.', schema: TEXT };

/**
 * The Publisher API as an OpenAPI document (3.1).
 *
 * @param base the address of the API, relative to the document
 */
export function openapiDocument(base: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Publisher API of an auditlogin collector',
      version: '1.0.0',
      description:
        'The Publisher API of Retraced, release 1.13. Every event that is stored is answered with an id and a hash: SHA-256 over the canonical text of the event.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: base }],
    security: [{ token: [] }],
    tags: [{ name: 'publish' }, { name: 'read' }, { name: 'operate' }],
    paths: {
      '/publisher/v1/project/{project}/event': {
        parameters: [project],
        post: {
          tags: ['publish'],
          operationId: 'createEvent',
          summary: 'Store an event',
          requestBody: { required: true, ...json(ref('Event')) },
          responses: { '201': answer('It is on disk.', ref('Receipt')), ...REFUSALS },
        },
      },
      '/publisher/v1/project/{project}/event/bulk': {
        parameters: [project],
        post: {
          tags: ['publish'],
          operationId: 'createEvents',
          summary: 'Store up to 50 events, all or none',
          requestBody: {
            required: true,
            ...json({
              type: 'object',
              required: ['events'],
              properties: { events: { type: 'array', minItems: 1, maxItems: 50, items: ref('Event') } },
            }),
          },
          responses: {
            '201': answer('They are on disk; receipts in the order of the events.', { type: 'array', items: ref('Receipt') }),
            ...REFUSALS,
          },
        },
      },
      '/publisher/v1/project/{project}/graphql': {
        parameters: [project],
        post: {
          tags: ['read'],
          operationId: 'search',
          summary: 'Search, by GraphQL',
          description:
            '`search(query, last, before, first, after)` gives `totalCount`, `pageInfo` and `edges`. The query has the syntax `action:user.* crud:c actor.id:a,b received:2026-01-01,2026-02-01 words`.',
          requestBody: {
            required: true,
            ...json({
              type: 'object',
              required: ['query'],
              properties: { query: { type: 'string' }, variables: { type: 'object' } },
              examples: [
                {
                  query: 'query ($q: String!) { search(query: $q, last: 5) { totalCount edges { cursor node { id action is_failure } } } }',
                  variables: { q: '' },
                },
              ],
            }),
          },
          responses: { '200': answer('The answer of GraphQL, with `data` or `errors`.', { type: 'object' }), ...REFUSALS },
        },
      },
      '/publisher/v1/project/{project}/viewertoken': {
        parameters: [project],
        get: {
          tags: ['read'],
          operationId: 'createViewerToken',
          summary: 'Make a token that opens the viewer once, within five minutes, for reading only',
          parameters: [
            query('group_id', 'Of the log only the events of this group.'),
            query('target_id', 'Of the log only the events on this target.'),
            query('actor_id', 'Who looks: is recorded when the viewer is opened.'),
            query('view_log_action', 'The action under which that is recorded.', { ...TEXT, default: 'audit.log.view' }),
            query('is_admin', 'Taken for compatibility; it opens nothing more.', { type: 'string' }),
          ],
          responses: { '201': answer('The token.', { type: 'object', required: ['token'], properties: { token: TEXT } }), ...REFUSALS },
        },
      },
      '/publisher/v1/project/{project}/export': {
        parameters: [project],
        get: {
          tags: ['read'],
          operationId: 'export',
          summary: 'All that matches, oldest first, as it was sent, a JSON object a line; only a collector has this call',
          parameters: [
            query('query', 'In the syntax of the search.'),
            query('from', 'Of this time or later, in ISO 8601.', { type: 'string', format: 'date-time' }),
            query('to', 'Before this time, in ISO 8601.', { type: 'string', format: 'date-time' }),
            query('outcome', 'success, failure, challenge or unknown.'),
            query('reason', 'The reason of a failure.'),
            query('actor', 'The id of an actor, or an identity as it was kept.'),
            query('group', 'The id of a group.'),
            query('address', 'A source address.'),
          ],
          responses: {
            '200': {
              description: 'Lines of `{id, hash, received, event}`.',
              content: { 'application/x-ndjson': { schema: { type: 'string' } } },
            },
            ...REFUSALS,
          },
        },
      },
      '/healthz': {
        servers: [{ url: '/' }],
        get: {
          tags: ['operate'],
          operationId: 'health',
          summary: 'Whether the collector can read its database',
          security: [],
          responses: {
            '200': answer('It can.', { type: 'object', properties: { status: { const: 'ok' } } }),
            '503': answer('It cannot.', { type: 'object', properties: { status: { const: 'failing' } } }),
          },
        },
      },
      '/metrics': {
        servers: [{ url: '/' }],
        get: {
          tags: ['operate'],
          operationId: 'metrics',
          summary: 'Numbers for Prometheus; on loopback without a token',
          security: [{}, { token: [] }],
          responses: {
            '200': { description: 'The numbers.', content: { 'text/plain': { schema: { type: 'string' } } } },
            '401': REFUSALS['401'],
          },
        },
      },
    },
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'Type `Token token=…` with a publisher token of the project.',
        },
      },
      schemas: {
        Event: {
          type: 'object',
          required: ['action', 'crud'],
          additionalProperties: false,
          properties: {
            action: { ...TEXT, examples: ['user.login'] },
            crud: { enum: ['c', 'r', 'u', 'd'] },
            actor: { ...ref('Actor'), description: 'Required unless `is_anonymous` is true.' },
            group: ref('Group'),
            target: ref('Target'),
            is_failure: { type: 'boolean' },
            is_anonymous: { type: 'boolean' },
            source_ip: { ...TEXT, description: 'IPv4 in dots, or IPv6 as the server takes it.', examples: ['203.0.113.7'] },
            created: { type: 'string', format: 'date-time', description: 'When it happened.' },
            description: TEXT,
            component: TEXT,
            version: TEXT,
            external_id: { ...TEXT, description: 'An id of yours: can be searched for, and is covered by the hash.' },
            fields: { ...MAP, description: 'Can be searched, and is covered by the hash.' },
            metadata: { ...MAP, description: 'Covered by the hash.' },
          },
          examples: [
            { action: 'user.login', crud: 'c', actor: { id: 'u1', name: 'Ann' }, source_ip: '203.0.113.7', fields: { outcome: 'success' } },
          ],
        },
        Actor: {
          type: 'object',
          required: ['id'],
          additionalProperties: false,
          properties: { id: TEXT, name: TEXT, href: TEXT, fields: MAP },
        },
        Group: { type: 'object', required: ['id'], additionalProperties: false, properties: { id: TEXT, name: TEXT } },
        Target: {
          type: 'object',
          required: ['id'],
          additionalProperties: false,
          properties: { id: TEXT, name: TEXT, href: TEXT, type: TEXT, fields: MAP },
        },
        Receipt: {
          type: 'object',
          required: ['id', 'hash'],
          properties: {
            id: TEXT,
            hash: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the canonical text, in hex.' },
          },
        },
        Error: {
          type: 'object',
          required: ['status', 'error', 'type'],
          properties: {
            status: { type: 'integer' },
            error: { type: 'string' },
            type: { type: 'string' },
            invalid: { type: 'array', items: { type: 'object' }, description: 'Of a bulk call: which events cannot be right.' },
          },
        },
      },
    },
  };
}
