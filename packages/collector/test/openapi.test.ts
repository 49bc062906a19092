import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVENT_KEYS, FACET_NAMES } from '@auditlogin/core/log';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createAccess } from '../src/access/access.js';
import { openTokens } from '../src/access/tokens.js';
import { openapiDocument } from '../src/api/openapi.js';
import { collectorApp } from '../src/app.js';
import { type Collector, startCollector } from '../src/index.js';
import { createMetrics } from '../src/metrics.js';
import { readCollectorSettings } from '../src/options.js';
import { openStore } from '../src/store/store.js';
import { acceptedEvents, recordings } from '../../../test/conformance.js';
import { signedIn } from './sign-in.js';

interface Schema {
  properties?: Record<string, Schema>;
  enum?: string[];
  examples?: unknown[];
}
interface Parameter {
  name: string;
  in: 'path' | 'query' | 'cookie';
  required: boolean;
  schema: Schema;
}
interface Operation {
  operationId: string;
  security?: object[];
  servers?: { url: string }[];
  parameters?: Parameter[];
  requestBody?: { content: { 'application/json': { schema: { $ref: string } } } };
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-openapi-'));
const document = openapiDocument('/auditlog/') as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);
let collector: Collector;

beforeAll(async () => (collector = await startCollector({ port: 0, dataDir, basePath: '/auditlog' })));
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

// Formats are not validated, since they are documentation: the server accepts dates in many forms.
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ $id: 'api', components: document.components });
const validates = (component: string, value: unknown): boolean => ajv.validate(`api#/components/schemas/${component}`, value);

test('serves a valid OpenAPI document', async () => {
  const served = (await (await fetch(`${collector.apiBase}/openapi.json`)).json()) as object;
  expect(served).toEqual(document);
  // The validator is an ES module, which Jest cannot load on every version of Node.
  const script = `import { Validator } from '@seriousme/openapi-schema-validator';
    process.stdout.write(JSON.stringify(await new Validator().validate(JSON.parse(await new Response(process.stdin).text()))));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: __dirname,
    input: JSON.stringify(served),
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['{"valid":true}', '']);
});

test('serves the console with its own policy', async () => {
  const page = await fetch(`${collector.apiBase}/console/`);
  expect([page.status, page.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("script-src 'self'")]);
});

interface Layer {
  route?: { path: string | string[]; stack: { method: string }[] };
  handle: { stack?: Layer[] };
}

/** Lists the routes of an Express application in the notation of OpenAPI. */
function routesOf(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ route, handle }) => {
    if (!route) return routesOf(handle.stack ?? []);
    const paths = [route.path].flat().map((path) => path.replaceAll(/:(\w+)/g, '{$1}'));
    return route.stack.flatMap(({ method }) => paths.map((path) => `${method} ${path}`));
  });
}

test('documents every route of the application, and no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-routes-'));
  const settings = readCollectorSettings({ dataDir: folder, basePath: '/auditlog' });
  const store = openStore(folder);
  const app = collectorApp(settings, store, createAccess(settings, openTokens(store.db)), createMetrics(store));
  const routes = new Set(routesOf((app as unknown as { router: { stack: Layer[] } }).router.stack));
  store.close();
  rmSync(folder, { recursive: true });
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...routes].sort());
});

function exampleAddress(path: string, isAtRoot: boolean, parameters: readonly Parameter[]): URL {
  const base = isAtRoot ? new URL(collector.apiBase).origin : collector.apiBase;
  const url = new URL(base + path.replace('{project}', 'dev'));
  for (const { name, in: place, required, schema } of parameters) {
    if (place === 'query' && required) url.searchParams.set(name, schema.enum?.[0] ?? '{__typename}');
  }
  // OpenAPI cannot say that one of two parameters is required.
  if (path.endsWith('/viewertoken')) url.searchParams.set('group_id', 'acme');
  return url;
}

/** Creates the request of a client that knows only the document. */
function exampleRequest(
  { path, method, servers, parameters = [], requestBody }: (typeof operations)[number],
  viewerToken: string,
): {
  url: string;
  body: unknown;
} {
  const url = exampleAddress(path, servers?.[0]?.url === '/', parameters);
  const component = requestBody?.content['application/json'].schema.$ref.split('/').at(-1);
  const { examples } = document.components.schemas[component ?? ''] ?? {};
  const known: Record<string, unknown> = {
    Events: { events: document.components.schemas['Event']!.examples },
    Token: { token: collector.token },
    ViewerToken: { token: viewerToken },
  };
  const body = component === undefined ? undefined : (known[component] ?? examples![0]);
  if (component !== undefined) expect(validates(component, body)).toBe(true);
  expect(['get', 'post', 'delete']).toContain(method);
  return { url: String(url), body };
}

async function issuedToken(): Promise<string> {
  const answer = await fetch(`${collector.apiBase}/publisher/v1/project/dev/viewertoken?group_id=acme`, {
    headers: { authorization: `token=${collector.token}` },
  });
  return ((await answer.json()) as { token: string }).token;
}

async function authorizationFor({ security }: Operation, viewerToken: string): Promise<string> {
  if (!security?.some((one) => 'voucher' in one)) return `Token token=${collector.token}`;
  const answer = await fetch(`${collector.apiBase}/viewer/v1/viewersession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: viewerToken }),
  });
  return ((await answer.json()) as { token: string }).token;
}

test.each(operations.map((operation) => [operation.operationId, operation] as const))(
  '%s answers as documented',
  async (_id, operation) => {
    const { cookie } = await signedIn(collector);
    const viewerToken = await issuedToken();
    const { url, body } = exampleRequest(operation, viewerToken);
    const abort = new AbortController();
    const answer = await fetch(url, {
      method: operation.method.toUpperCase(),
      headers: {
        authorization: await authorizationFor(operation, viewerToken),
        cookie: cookie.split(';')[0]!,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: abort.signal,
    });
    const documented = operation.responses[String(answer.status)];
    expect({ ok: answer.ok, status: answer.status, documented: documented !== undefined }).toMatchObject({ ok: true, documented: true });
    const [type] = (answer.headers.get('content-type') ?? '').split(';');
    const [mediaType, media] = Object.entries(documented!.content ?? {})[0] ?? [];
    if (operation.operationId === 'viewExport') expect(type).toBe('text/csv');
    else expect(type).toBe(mediaType ?? '');
    const component = (media as { schema?: { $ref?: string } } | undefined)?.schema?.$ref?.split('/').at(-1);
    if (component !== undefined && type === 'application/json') expect(validates(component, await answer.json())).toBe(true);
    abort.abort();
  },
);

describe('the document describes', () => {
  test('the events that the real server accepted', () => {
    const accepted = recordings.filter(({ receipt }) => receipt !== undefined);
    const taken = accepted.flatMap((recording) => acceptedEvents(recording));
    const refused = taken.filter(({ event }) => !validates('Event', event));
    expect(taken.length).toBeGreaterThan(300);
    // The document does not promise what the server accepts by accident: strings for booleans, and keys and empty strings that it overlooks.
    expect(refused.length / taken.length).toBeLessThan(0.1);
    expect(validates('Event', { action: 'a' })).toBe(false);
    expect(validates('Event', { action: 'a', crud: 'c', actor: { id: '' } })).toBe(false);
    expect(validates('Event', { action: 'a', crud: 'c', surprise: 1 })).toBe(false);
  });

  test('every key that an event may have', () => {
    expect(Object.keys(document.components.schemas['Event']!.properties!).sort()).toEqual([...EVENT_KEYS].sort());
  });

  test('every facet as a filter', () => {
    for (const path of ['/publisher/v1/project/{project}/export', '/viewer/events', '/viewer/timeline', '/viewer/live', '/viewer/export']) {
      const names = document.paths[path]!['get']!.parameters!.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining([...FACET_NAMES]));
    }
  });
});
