import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '../src/index.js';
import { signedIn, type SignedIn } from './sign-in.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-cursor-'));
let collector: Collector;
let me: SignedIn;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, token: 'secret' });
  me = await signedIn(collector);
  const events = ['a', 'b', 'c'].map((external_id, index) => ({
    ...{ action: index === 1 ? 'user.logout' : 'user.login', crud: 'c', is_anonymous: true },
    ...{ external_id, created: `2026-01-01T00:00:0${index}Z` },
  }));
  expect((await call('event/bulk', { events })).status).toBe(201);
});
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

function call(path: string, body: object): Promise<Response> {
  return fetch(`${collector.apiBase}/publisher/v1/project/dev/${path}`, {
    method: 'POST',
    headers: { authorization: 'Token token=secret', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const SEARCH = `query ($query: String!, $last: Int, $before: String, $first: Int, $after: String) {
  search(query: $query, last: $last, before: $before, first: $first, after: $after) { edges { cursor node { external_id } } } }`;
const search = (variables: object): Promise<Response> => call('graphql', { query: SEARCH, variables });

async function found(variables: object): Promise<{ cursor: string; id: string }[]> {
  const answer = await search(variables);
  expect(answer.status).toBe(200);
  const { data } = (await answer.json()) as { data: { search: { edges: { cursor: string; node: { external_id: string } }[] } } };
  return data.search.edges.map(({ cursor, node }) => ({ cursor, id: node.external_id }));
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

const ID = '54d3ea2ccbd44710a477eda7a14da767';
const BAD_CURSORS: [kind: string, cursor: string][] = [
  ['a word', 'nonsense'],
  ['not base64', '!!!!'],
  ['base64 of JSON', encoded('{"time":1767225600000,"id":"1"}')],
  ['base64 of broken JSON', encoded('{"time":')],
  ['no id', encoded('1767225600000,')],
  ['no time', encoded(`,${ID}`)],
  ['a time in words', encoded(`yesterday,${ID}`)],
  ['trailing characters', `${encoded(`1767225600000,${ID}`)}!`],
  ['a line break in it', encoded(`1767225600000,${ID}\n`)],
  ['a fraction', encoded(`1767225600000.5,${ID}`)],
  ['a time beyond the range of Date', encoded(`8640000000000001,${ID}`)],
  ['a time beyond a safe integer', encoded(`9999999999999999,${ID}`)],
  ['too long', encoded(`1767225600000,${'1'.repeat(5_000)}`)],
];
/** The real server takes these. The page never sends them. */
const LOOSE_CURSORS: [kind: string, cursor: string][] = [
  ['three parts', encoded(`1767225601500,${ID},63`)],
  ['no padding', encoded(`1767225601500,${ID}`).replace(/=+$/, '')],
  ['leading zeros', encoded(`01767225601500,${ID}`)],
];

describe('an invalid cursor is refused with 400', () => {
  test.each(BAD_CURSORS)('by the search, in both directions: %s', async (_kind, cursor) => {
    for (const place of [
      { last: 2, before: cursor },
      { first: 2, after: cursor },
    ]) {
      const answer = await search({ query: '', ...place });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ errors: [{ message: expect.stringMatching(/cursor/) }], data: { search: null } });
    }
  });

  test.each(BAD_CURSORS)('by the viewer: %s', async (_kind, cursor) => {
    const answer = await me.raw(`events?${new URLSearchParams({ before: cursor })}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ status: 400, type: 'Error', error: expect.stringMatching(/cursor/) });
  });
});

describe('a valid cursor is a position in the log', () => {
  test('even in a search with another query', async () => {
    const [, logout] = await found({ query: '', last: 2 });
    expect(logout!.id).toBe('b');
    expect((await found({ query: 'action:user.login', last: 5, before: logout!.cursor })).map(({ id }) => id)).toEqual(['a']);
    expect((await found({ query: 'action:user.login', first: 5, after: logout!.cursor })).map(({ id }) => id)).toEqual(['c']);
  });

  test('even if no event has this position', async () => {
    expect((await found({ query: '', last: 5, before: encoded('1767225601500,0') })).map(({ id }) => id)).toEqual(['b', 'a']);
    expect((await found({ query: '', first: 5, after: encoded('-1,z') })).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test.each(LOOSE_CURSORS)('for the API also with %s, but not for the page', async (_kind, before) => {
    expect((await found({ query: '', last: 5, before })).map(({ id }) => id)).toEqual(['b', 'a']);
    expect((await me.raw(`events?${new URLSearchParams({ before })}`)).status).toBe(400);
  });

  test('with the direction that "last" decides', async () => {
    const [, middle] = await found({ query: '', last: 2 });
    expect((await found({ query: '', last: 5, after: middle!.cursor })).map(({ id }) => id)).toEqual(['a']);
    expect((await found({ query: '', first: 5, before: middle!.cursor })).map(({ id }) => id)).toEqual(['c']);
  });

  test('and an empty cursor counts as none', async () => {
    expect(await found({ query: '', last: 5, before: '' })).toHaveLength(3);
    expect(await found({ query: '', last: 5, before: null })).toHaveLength(3);
    expect((await me.raw('events?before=')).status).toBe(200);
  });
});
