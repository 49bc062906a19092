import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readLog, type ReadLogOptions } from '../src/log.js';

interface Stored {
  id: string;
  /** In milliseconds since 1970. */
  time: number;
  description?: string;
}
interface Search {
  last: number;
  before?: string;
}
interface Answer {
  totalCount: number;
  edges: { cursor: string; node: object }[];
}

let server: Server;
let searches: Search[];
let answerTo: (search: Search) => Answer;
let where: ReadLogOptions;

beforeEach(async () => {
  searches = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (piece: Buffer) => (text += piece.toString()));
    request.on('end', () => {
      const { variables } = JSON.parse(text) as { variables: Search };
      searches.push(variables);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { search: answerTo(variables) } }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  where = { apiBase: `http://127.0.0.1:${port}`, project: 'dev', token: 'canary', query: '', timeout: 20_000 };
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Answers as Retraced does: newest first, ties by id, times cut to seconds, `hasNextPage` not to be trusted. */
function retraced(events: readonly Stored[], largest = Number.POSITIVE_INFINITY): typeof answerTo {
  const newest = events.toSorted((a, b) => b.time - a.time || (a.id < b.id ? 1 : -1));
  return ({ last, before }) => {
    const start = before === undefined ? 0 : newest.findIndex(({ id }) => id === before) + 1;
    const page = newest.slice(start, start + Math.min(last, largest));
    const seconds = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
    return {
      totalCount: events.length,
      edges: page.map(({ id, time, description }) => ({
        cursor: id,
        node: { id, created: seconds(time), received: seconds(time), description },
      })),
    };
  };
}
const many = (count: number, time: (index: number) => number): Stored[] =>
  Array.from({ length: count }, (_, index) => ({ id: `event-${String(index).padStart(5, '0')}`, time: time(index) }));

it.each([
  ['one second', (index: number) => 1_700_000_000_000 + (index % 1000)],
  ['one millisecond', () => 1_700_000_000_000],
  ['many seconds', (index: number) => 1_700_000_000_000 + index * 700],
])('reads each of 1,300 events of %s once', async (_, time) => {
  const events = many(1300, time);
  answerTo = retraced(events);
  const read = await readLog(where);
  expect(read.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id));
  expect(searches).toHaveLength(3);
});

it('reads everything from a server whose pages are smaller than was asked for', async () => {
  answerTo = retraced(
    many(250, (index) => index * 1000),
    100,
  );
  expect(await readLog(where)).toHaveLength(250);
});

it('asks for smaller pages when a page is too long to be held', async () => {
  const description = 'x'.repeat(200_000);
  answerTo = retraced(many(150, (index) => index * 1000).map((event) => ({ ...event, description })));
  const read = await readLog(where);
  expect(new Set(read.map(({ id }) => id)).size).toBe(150);
});

describe('ends with an error, when a server', () => {
  const node = (id: string): Answer['edges'][number] => ({ cursor: id, node: { id } });
  it.each([
    ['gives the same page for ever', () => ({ totalCount: 9_000, edges: [node('a'), node('b')] })],
    ['returns to its first page', ({ before }: Search) => ({ totalCount: 9_000, edges: [node(before === 'a' ? 'b' : 'a')] })],
    ['gives new events for ever', () => ({ totalCount: 1, edges: Array.from({ length: 500 }, () => node(crypto.randomUUID())) })],
    [
      'announces more and more',
      () => ({ totalCount: searches.length * 1000, edges: Array.from({ length: 500 }, () => node(crypto.randomUUID())) }),
    ],
    ['gives one event without an end', () => ({ totalCount: 1, edges: [node('x'.repeat(30_000_000))] })],
    ['gives edges that are none', () => ({ totalCount: 1, edges: [null] }) as never],
  ])('%s', async (_, answer) => {
    answerTo = answer;
    await expect(readLog(where)).rejects.toMatchObject({ code: 'ERR_AUDIT_SERVER' });
  });
});
