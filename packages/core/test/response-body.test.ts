import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type BodyBytes, captureResponseBody, readBody } from '../src/adapter/response-body.js';
import type { Ending } from '../src/adapter.js';
import { onResponseSent } from '../src/adapter/response-end.js';
import { ResponseHead } from '../src/adapter/response-head.js';
import { readOutcomeRule } from '../src/adapter/outcome-rule.js';

const JSON_TYPE = { contentType: 'application/json; charset=utf-8' };

async function exchange(answer: (response: ServerResponse) => void, limit = 1024): Promise<{ seen: Ending; body: unknown; sent: string }> {
  const ended = new Promise<{ seen: Ending; head: ResponseHead; bytes: BodyBytes }>((resolve) => {
    server.once('request', (_request, response: ServerResponse) => {
      const captured = captureResponseBody(response, limit);
      const head = new ResponseHead(response);
      onResponseSent(response, (isSent) => {
        resolve({ seen: head.ending(isSent ? 'answered' : 'aborted', true), head, bytes: captured() });
      });
      answer(response);
    });
  });
  const sent = await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { redirect: 'manual' })).text();
  const { seen, head, bytes } = await ended;
  const headers = { contentType: head.header('content-type'), contentEncoding: head.header('content-encoding') };
  const reading = await readBody(bytes, headers, limit);
  return { seen, body: reading.state === 'read' ? reading.value : reading.state, sent };
}

const server = createServer();
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => server.close());

it.each<[string, (response: ServerResponse) => void, unknown]>([
  ['JSON', (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"a":1}'), { a: 1 }],
  [
    'JSON in pieces',
    (response) => (response.setHeader('content-type', 'application/json'), response.write('{"a"'), response.end(Buffer.from(':1}'))),
    { a: 1 },
  ],
  ['text', (response) => response.end('no', 'latin1'), 'no'],
  ['JSON that is none', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{'), 'unreadable'],
  ['nothing', (response) => response.writeHead(204).end(), 'none'],
  ['an event stream', (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {}'), 'unreadable'],
  ['an encoding of its own', (response) => response.writeHead(200, { 'content-encoding': 'x-own' }).end('abc'), 'unreadable'],
  [
    'gzip that is cut',
    (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}').subarray(0, 20)),
    'unreadable',
  ],
  [
    'gzip',
    (response) =>
      response.writeHead(200, { ...{ 'content-type': 'application/json' }, 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}')),
    { a: 1 },
  ],
  [
    'brotli',
    (response) =>
      response.writeHead(200, ['content-type', 'application/json', 'content-encoding', 'br']).end(brotliCompressSync('{"a":1}')),
    { a: 1 },
  ],
  ['more than the limit', (response) => response.end('x'.repeat(2000)), 'unreadable'],
  ['a bomb', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(50_000))), 'unreadable'],
])('%s', async (_name, answer, expected) => {
  expect((await exchange(answer)).body).toEqual(expected);
});

it('does not change what the handler writes', async () => {
  expect((await exchange((response) => response.end('ü'.repeat(900)))).sent).toBe('ü'.repeat(900));
});

it.each<[string, (response: ServerResponse) => void]>([
  ['set before', (response) => (response.setHeader('location', '/login?error'), response.writeHead(302).end())],
  ['handed to writeHead', (response) => response.writeHead(302, { Location: '/login?error' }).end()],
  ['handed to writeHead behind a status text', (response) => response.writeHead(302, 'Found', { Location: '/login?error' }).end()],
  ['handed to writeHead as a flat list', (response) => response.writeHead(302, ['Location', '/login?error']).end()],
])('reads the target of a redirect that is %s', async (_name, answer) => {
  expect((await exchange(answer)).seen).toEqual({ kind: 'answered', status: 302, location: '/login?error' });
});

it('reads plain bytes if middleware mounted earlier compresses them after the capture', async () => {
  expect(await readBody(Buffer.from('{"a":1}'), { ...JSON_TYPE, contentEncoding: 'gzip' }, 100)).toEqual({
    state: 'read',
    value: { a: 1 },
    isJson: true,
  });
});

it.each([
  ['success', [{ outcome: 'success' }]],
  ['unknown', [{ outcome: 'unknown' }]],
  ['skip', ['skip']],
  [{ outcome: 'failure', reason: 'account_locked', actor: 7 }, [{ outcome: 'failure', reason: 'account_locked', actor: 7 }]],
  [
    ['failure', { outcome: 'success', actor: 'u1' }],
    [{ outcome: 'failure' }, { outcome: 'success', actor: 'u1' }],
  ],
])('reads the result %j of a rule', (answer, expected) => expect(readOutcomeRule(answer)).toEqual(expected));

it.each(['yes', true, {}, { outcome: 'failure', reason: 'because' }])(
  'refuses the result %j of a rule, and names what is expected',
  (answer) => {
    expect(() => readOutcomeRule(answer)).toThrow(/"outcome" returned an unusable (?:outcome|reason); expected one of \w+/);
  },
);

it.each<[string, (response: Http2ServerResponse) => unknown, Ending]>([
  ['answered', (response) => response.writeHead(401).end('no'), { kind: 'answered', status: 401 }],
  ['aborted', (response) => response.stream.session?.destroy(), { kind: 'aborted' }],
])('sees the end of an HTTP/2 response: %s', async (_name, answer, expected) => {
  const http2 = createHttp2Server().listen(0, '127.0.0.1');
  await once(http2, 'listening');
  const ended = new Promise<Ending>((resolve) =>
    http2.once('request', (_request, response: Http2ServerResponse) => {
      const head = new ResponseHead(response);
      onResponseSent(response, (isSent) => resolve(head.ending(isSent ? 'answered' : 'aborted', isSent)));
      answer(response);
    }),
  );
  const client = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`).on('error', () => undefined);
  client
    .request({ ':path': '/', ':method': 'POST' })
    .on('error', () => undefined)
    .resume()
    .end();
  expect(await ended).toEqual(expected);
  client.destroy();
  http2.close();
});
