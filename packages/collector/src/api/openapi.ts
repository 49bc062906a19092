import { type ConversionConfig, type JsonSchema, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import { type Operation, OPERATIONS } from './operations.js';
import { components, type Schema } from './schemas.js';

/** Describes values as clients write them: what is read with a default may be left out. */
const AS_SENT: ConversionConfig = { typeMode: 'input', target: 'draft-2020-12', ignoreActions: ['check'] };

/** The cookie is a parameter and no security scheme: the console would ask for it, and no page can send it. */
const SESSION_COOKIE = {
  name: 'auditlogin_viewer',
  in: 'cookie',
  required: true,
  description: 'Set by signing in to the viewer.',
  schema: { type: 'string' },
};

/**
 * The API as an OpenAPI document (3.1), made from {@link OPERATIONS} and the schemas that requests are checked by.
 *
 * @param base the address of the API, relative to the document
 */
export function openapiDocument(base: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of OPERATIONS) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Publisher API of an auditlogin collector',
      version: '1.0.0',
      description:
        'The Publisher API of Retraced, release 1.13. Every event that is stored is answered with an id and a hash: SHA-256 over the canonical text of the event. Calls under `/viewer` are those of the page of the viewer.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: base }],
    tags: ['publish', 'read', 'view', 'operate'].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'Type `Token token=…` with a publisher token of the project.',
        },
        voucher: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'The token of a session from `viewersession`, alone.',
        },
      },
      schemas: componentSchemas(),
    },
  };
}

function operationObject({ tag, operationId, summary, description, security, isAtRoot, path, query, body, answers }: Operation): object {
  const parameters = [...pathParameters(path), ...(query ? queryParameters(query) : [])];
  if (security === 'session') parameters.push(SESSION_COOKIE);
  return {
    tags: [tag],
    operationId,
    summary,
    description,
    servers: isAtRoot ? [{ url: '/' }] : undefined,
    security: security === 'token' || security === 'voucher' ? [{ [security]: [] }] : [],
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: body && { required: true, content: content(body) },
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, { description: what, schema, mediaType }]) => [
        status,
        { description: what, content: schema || mediaType ? content(schema, mediaType) : undefined },
      ]),
    ),
  };
}

function content(schema: Schema | undefined, mediaType = 'application/json'): object {
  return { [mediaType]: { schema: schema ? reference(schema) : {} } };
}

function reference(schema: Schema): { $ref: string } {
  const id = Object.keys(components).find((name) => components[name] === schema);
  if (id === undefined) throw new Error('A schema of an operation is not among the components');
  return { $ref: uriOf(id) };
}

function uriOf(id: string): string {
  return `#/components/schemas/${id}`;
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } }));
}

function queryParameters(query: Schema): object[] {
  const { properties = {}, required = [] } = toJsonSchema(query, AS_SENT);
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as JsonSchema;
    return { name, in: 'query', description, required: required.includes(name), schema };
  });
}

function componentSchemas(): Record<string, object> {
  return toJsonSchemaDefs(components, { ...AS_SENT, overrideRef: ({ referenceId }) => uriOf(referenceId) });
}
