import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type AuditEvent, AuditError, eventHash } from '@auditlogin/core';
import { Client } from '@retracedhq/retraced';
import { type Collector, type CollectorOptions, startCollector } from '../src/index.js';
import { signedIn } from './sign-in.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-collector-'));
let collector: Collector;
const start = (options: CollectorOptions = {}): Promise<Collector> => startCollector({ port: 0, dataDir, token: 'secret', ...options });

beforeAll(async () => (collector = await start()));
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

const headers = { authorization: 'Token token=secret', 'content-type': 'application/json' };
const api = (path: string): string => `${collector.apiBase}/publisher/v1/project/dev/${path}`;
const login = (more: object = {}): object => ({ action: 'user.login', crud: 'c', actor: { id: 'u1', name: 'Ann' }, ...more });

async function create(event: object): Promise<{ id: string; hash: string }> {
  const response = await fetch(api('event'), { method: 'POST', headers, body: JSON.stringify(event) });
  expect(response.status).toBe(201);
  return (await response.json()) as { id: string; hash: string };
}

interface Found {
  totalCount: number;
  pageInfo: { hasPreviousPage: boolean; hasNextPage: boolean };
  edges: { cursor: string; node: Record<string, never> }[];
}

const NODE = `id action crud description received created canonical_time is_failure is_anonymous source_ip component version external_id raw
  actor { id name href fields { key value } } group { id name } target { id name href type fields { key value } } fields { key value } metadata { key value }`;

/** Searches, newest first if nothing else is given. */
async function search(given: Record<string, unknown>): Promise<Found> {
  const variables = given['first'] === undefined ? { last: 20, ...given } : given;
  const query = `query ($query: String!, $last: Int, $before: String, $first: Int, $after: String) {
    search(query: $query, last: $last, before: $before, first: $first, after: $after) { totalCount pageInfo { hasPreviousPage hasNextPage } edges { cursor node { ${NODE} } } } }`;
  const response = await fetch(api('graphql'), { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = (await response.json()) as { data: { search: Found }; errors?: unknown };
  expect(errors).toBeUndefined();
  return data.search;
}

const ids = ({ edges }: Found): string[] => edges.map(({ node }) => node['external_id']!);

test('returns events with the same losses as the real server', async () => {
  const sent = login({
    external_id: 'full',
    created: '2026-05-06T05:00:00.123+02:00',
    actor: { id: 'renamed', name: 'Old', href: 'https://a.example', fields: { k: 'v' } },
    target: { id: 't', type: 'session', href: 'https://t.example' },
    fields: { b: '2', a: '1' },
    metadata: { m: 'x' },
  });
  await create(sent);
  await create(login({ actor: { id: 'renamed', name: 'New' } }));
  const { edges } = await search({ query: 'external_id:full' });
  expect(edges[0]!.node).toMatchObject({
    created: '2026-05-06T03:00:00Z',
    canonical_time: '2026-05-06T03:00:00Z',
    raw: null,
    actor: { id: 'renamed', name: 'New', href: null, fields: [{ key: 'k', value: 'v' }] },
    target: { id: 't', href: null, type: 'session' },
    fields: expect.arrayContaining([
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ]) as unknown,
    is_failure: null,
  });
});

test('finds events by field and by word, newest first, and pages in both directions', async () => {
  for (let index = 0; index < 5; index += 1) {
    const created = new Date(Date.UTC(2020, 0, 1, 0, 0, index)).toISOString();
    await create(
      login({
        external_id: `p${index}`,
        created,
        action: index % 2 ? 'page.odd' : 'page.even',
        actor: { id: `pager${index}`, name: 'Page Turner' },
        description: 'Zeitgeist; "quoted"',
      }),
    );
  }
  expect(ids(await search({ query: 'action:page.*' }))).toEqual(['p4', 'p3', 'p2', 'p1', 'p0']);
  expect(ids(await search({ query: 'action:page.odd' }))).toEqual(['p3', 'p1']);
  expect(ids(await search({ query: 'actor.id:pager1,pager2' }))).toEqual(['p2', 'p1']);
  expect(ids(await search({ query: 'external_id:p0,p4' }))).toEqual(['p4', 'p0']);
  expect(ids(await search({ query: 'created:2020-01-01T00:00:01Z,2020-01-01T00:00:03Z' }))).toEqual(['p2', 'p1']);
  expect(ids(await search({ query: 'actor.name:"Page Turner" action:page.odd' }))).toEqual(['p3', 'p1']);
  expect((await search({ query: 'zeitgeist' })).totalCount).toBe(5);
  expect((await search({ query: 'zeitgeist nowhere' })).totalCount).toBe(0);
  expect((await search({ query: 'zeitgeist" OR "x' })).totalCount).toBe(0);

  const first = await search({ query: 'action:page.*', last: 2 });
  expect([ids(first), first.pageInfo.hasPreviousPage, first.totalCount]).toEqual([['p4', 'p3'], true, 5]);
  const second = await search({ query: 'action:page.*', last: 4, before: first.edges.at(-1)!.cursor });
  // As at the real server, which compares with the number of all events.
  expect([ids(second), second.pageInfo.hasPreviousPage]).toEqual([['p2', 'p1', 'p0'], true]);
  const forward = await search({ query: 'action:page.*', first: 2, after: second.edges.at(-1)!.cursor });
  expect([ids(forward), forward.pageInfo.hasNextPage]).toEqual([['p1', 'p2'], true]);
});

test('answers an invalid query with 400 and one error', async () => {
  for (const body of [
    { query: '{ search(query: "received:x,y") { totalCount } }' },
    { query: '{ search(query: "", before: "zz") { totalCount } }' },
    { query: 'nonsense' },
  ]) {
    const response = await fetch(api('graphql'), { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(1);
  }
  expect((await fetch(api('graphql'), { method: 'POST', headers, body: '{}' })).status).toBe(400);
});

describe('a GraphQL query that costs too much is refused with 400', () => {
  const SEARCH = 'search(query: "", last: 1) { totalCount }';
  test.each([
    ['the same search by aliases', `{ ${Array.from({ length: 2 }, (_, n) => `a${n}: ${SEARCH}`).join(' ')} }`],
    ['a field many times', `{ search(last: 1) { edges { node { ${'id '.repeat(50)} } } } }`],
    [
      'a field by an alias in a fragment',
      '{ search { ...F ...G } } fragment F on SearchQueryResult { a: totalCount } fragment G on SearchQueryResult { totalCount }',
    ],
    ['deep introspection', `{ __schema { types ${'{ ofType'.repeat(20)} { name } ${'}'.repeat(20)} } }`],
    ['braces nested 2,000 deep', `${'{a'.repeat(2_000)}${'}'.repeat(2_000)}`],
    ['more tokens than any query', `{ search(query: "") { totalCount } } #${'\n'.repeat(10)}${'query Q { __typename } '.repeat(1_000)}`],
    ['a variable of the wrong type', 'query ($n: Int = "x") { search(last: $n) { totalCount } }'],
  ])('%s', async (_name, query) => {
    const answer = await fetch(api('graphql'), { method: 'POST', headers, body: JSON.stringify({ query }) });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: expect.any(Array) });
  });

  test('but not one with every field', async () => {
    expect((await search({ query: '', last: 1 })).edges.length).toBeLessThanOrEqual(1);
  });
});

test.each(['"__proto__"', '"extra"', '"fields"', '"description"'])('refuses an event with deep nesting in %s with 400', async (key) => {
  const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const answer = await fetch(api('event'), {
    method: 'POST',
    headers,
    body: `{"action":"a","crud":"c","is_anonymous":true,"text":"\\"[[",${key}:${nested}}`,
  });
  expect(answer.status).toBe(400);
});

test('shows names, types and fields of an id only among the events of the same group', async () => {
  const target = { id: 'shared', name: 'Vault', type: 'safe', fields: { floor: '7' } };
  await create(login({ external_id: 'cross-a', group: { id: 'a' }, actor: { id: '1', name: 'Ann of A', fields: { role: 'x' } }, target }));
  await create(login({ external_id: 'cross-a2', group: { id: 'a' }, actor: { id: '1' }, target: { id: 'shared' } }));
  await create(login({ external_id: 'cross-b', group: { id: 'b' }, actor: { id: '1' }, target: { id: 'shared' } }));
  await create(login({ external_id: 'cross-none', actor: { id: '1' }, target: { id: 'shared' } }));
  const { edges } = await search({ query: 'external_id:cross-a,cross-a2,cross-b,cross-none' });
  const known = { actor: { name: 'Ann of A' }, target: { name: 'Vault', type: 'safe', fields: [{ key: 'floor', value: '7' }] } };
  const unknown = { actor: { name: null, fields: null }, target: { name: null, type: null, fields: null } };
  expect(edges.map(({ node }) => node)).toMatchObject([known, unknown, known, known]);
  expect(ids(await search({ query: '"Ann of A" external_id:cross-a,cross-a2,cross-b' }))).toEqual(['cross-a2', 'cross-a']);
});

test('works with the official SDK for reporting and searching', async () => {
  const client = new Client({ endpoint: collector.apiBase, apiKey: 'secret', projectId: 'dev' });
  await client.reportEvent({ action: 'sdk.one', crud: 'c', actor: { id: 'sdk' }, created: new Date() } as never);
  await client.reportEvents([
    { action: 'sdk.two', crud: 'c', actor: { id: 'sdk' } },
    { action: 'sdk.two', crud: 'r', actor: { id: 'sdk' } },
  ] as never);
  const connection = await client.query({ action: 'sdk.*' }, { action: true, actor: { id: true } }, 2);
  expect(connection.totalCount).toBe(3);
  await connection.nextPage();
  expect(connection.currentResults).toHaveLength(1);
  const token = await client.getViewerToken('acme', 'sdk', true);
  const { session } = await signedIn(collector, token);
  expect(session).toEqual({ project: 'dev', group: 'acme', kind: 'viewer' });
});

test('refuses a whole bulk call and names the invalid event', async () => {
  const bulk = (events: unknown): Promise<Response> =>
    fetch(api('event/bulk'), { method: 'POST', headers, body: JSON.stringify({ events }) });
  const bad = await bulk([login({ action: 'bulk.x' }), login({ action: '' }), login({ action: 'bulk.x' })]);
  expect(bad.status).toBe(400);
  expect(await bad.json()).toMatchObject({ invalid: [{ index: 1, violations: [{ field: 'action' }] }] });
  expect((await search({ query: 'action:bulk.x' })).totalCount).toBe(0);
  const good = await bulk(Array.from({ length: 50 }, () => login({ action: 'bulk.x' })));
  expect(await good.json()).toHaveLength(50);
  expect((await bulk([])).status).toBe(400);
});

test('accepts gzip and refuses a body of more than 10 MiB after decompression', async () => {
  const zipped = (body: string): Promise<Response> =>
    fetch(api('event'), { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) as never });
  expect((await zipped(JSON.stringify(login()))).status).toBe(201);
  expect((await zipped(JSON.stringify(login({ description: 'x'.repeat(11 * 1024 * 1024) })))).status).toBe(413);
});

test('refuses a Host header without a loopback name', async () => {
  const status = (host: string): Promise<number | undefined> =>
    new Promise((resolve) =>
      httpRequest(collector.viewer, { headers: { host } }, (response) => resolve(response.resume().statusCode)).end(),
    );
  const { port } = new URL(collector.viewer);
  expect(
    await Promise.all([status(`127.0.0.1:${port}`), status('localhost'), status('evil.example'), status(`127.0.0.1.evil.example:${port}`)]),
  ).toEqual([200, 200, 403, 403]);
});

test('keeps events and token over a restart, in files that only the owner can read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-restart-'));
  const one = await startCollector({ port: 0, dataDir: folder });
  const event = login({ external_id: 'kept' }) as AuditEvent;
  const answer = await fetch(`${one.apiBase}/publisher/v1/project/dev/event`, {
    method: 'POST',
    headers: { ...headers, authorization: `token=${one.token}` },
    body: JSON.stringify(event),
  });
  const receipt = (await answer.json()) as { id: string; hash: string };
  await one.close();
  await one.close();
  const two = await startCollector({ port: 0, dataDir: folder });
  expect(two.token).toBe(one.token);
  const { viewer } = await signedIn(two);
  expect((await viewer<{ events: object[] }>('events')).events).toMatchObject([{ id: receipt.id, hash: receipt.hash, event }]);
  expect(eventHash(receipt.id, event)).toBe(receipt.hash);
  expect(statSync(join(folder, 'token')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'events.sqlite')).mode & 0o777).toBe(0o600);
  await two.close();
  rmSync(folder, { recursive: true });
});

test.each<[CollectorOptions, RegExp]>([
  [{ port: 70_000 }, /"port" is 70000: /],
  [{ basePath: 'auditlog' }, /"basePath" is "auditlog": expected a path such as \/auditlog/],
  [{ token: 'two words' }, /"token" is a value that is not shown \(string\): expected visible ASCII/],
  [{ host: 'example.com' }, /"host" is "example.com": expected an IP address or localhost/],
  [
    { host: '0.0.0.0', token: undefined },
    /"host" is 0.0.0.0, which other machines can reach; expected a "token" of 16 characters or more \(none was given\)/,
  ],
  [{ host: '0.0.0.0', token: 'short' }, /"host" is 0.0.0.0.* \(it has 5\)/],
  [{ host: '192.0.2.1', token: 'long-enough-for-a-network' }, /"host" is 192.0.2.1, which is no address of this machine/],
  [{ allowedHosts: ['a:80'] }, /"allowedHosts.0" is "a:80": expected a host name without port/],
  [{ retention: { maxBytes: 5 } }, /"retention.maxBytes" is 5: /],
  [{ prot: 1 } as never, /Unknown option "prot"; did you mean "port"\?/],
])('refuses the option %j', async (options, message) => {
  await expect(start(options)).rejects.toThrow(message);
});

test('names the port that another process uses', async () => {
  const port = Number(new URL(collector.viewer).port);
  await expect(start({ port })).rejects.toThrow(AuditError);
  await expect(start({ port })).rejects.toThrow(/"port" is \d+, which is taken by another process/);
});
