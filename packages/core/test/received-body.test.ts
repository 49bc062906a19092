import { Readable } from 'node:stream';
import { captureReceivedBody, type ReceivedRequest } from '../src/adapter/received-body.js';

const LIMIT = 100;

/** A request that the caller fills, as Node's parser does. */
function requestOf(type: string, headers: Record<string, string> = {}): Readable & ReceivedRequest {
  return Object.assign(new Readable({ read: () => undefined }), { headers: { 'content-type': type, ...headers }, complete: false });
}

function received(type: string, chunks: readonly (Buffer | string | null)[], headers?: Record<string, string>): unknown {
  const request = requestOf(type, headers);
  const body = captureReceivedBody(request, LIMIT);
  for (const chunk of chunks) request.push(chunk);
  return body?.();
}

it.each<[string, string, (Buffer | string | null)[], unknown]>([
  ['JSON', 'application/json; charset=utf-8', ['{"a":', Buffer.from('1}'), null], { a: 1 }],
  ['JSON of a vendor', 'application/graphql-response+json', ['[]', null], []],
  ['a character in two pieces', 'application/json', [Buffer.from([0x22, 0xc3]), Buffer.from([0xa9, 0x22]), null], 'é'],
  ['a form', 'application/x-www-form-urlencoded', ['a=1&b=%20', null], { a: '1', b: ' ' }],
  ['GraphQL', 'application/graphql', ['{ hello }', null], '{ hello }'],
  ['nothing', 'application/json', [null], undefined],
  ['damaged JSON', 'application/json', ['{"a', null], undefined],
  ['an unfinished body', 'application/x-www-form-urlencoded', ['a=1'], undefined],
  ['too much', 'application/x-www-form-urlencoded', ['a='.padEnd(60, 'x'), 'x'.repeat(60), null], undefined],
  ['a file', 'application/octet-stream', ['abc', null], undefined],
  ['parts', 'multipart/form-data; boundary=b', ['--b--', null], undefined],
])('captures %s', (_name, type, chunks, expected) => expect(received(type, chunks)).toEqual(expected));

it.each([
  ['is compressed', { 'content-encoding': 'gzip' }],
  ['says that it is too long', { 'content-length': '101' }],
])('leaves a request alone that %s', (_name, headers) => {
  const request = requestOf('application/json', headers);
  expect(captureReceivedBody(request, LIMIT)).toBeUndefined();
  expect(Object.hasOwn(request, 'push')).toBe(false);
});

it('leaves a request alone whose body has begun to arrive', () => {
  const request = requestOf('application/json');
  request.push('{"a":');
  expect(captureReceivedBody(request, LIMIT)).toBeUndefined();
});

it('takes nothing from who reads the request', async () => {
  const request = requestOf('application/json');
  const body = captureReceivedBody(request, LIMIT);
  expect(Object.keys(request)).not.toContain('push');
  for (const chunk of ['{"a":', '1}', null]) request.push(chunk);
  expect(Buffer.concat((await request.toArray()) as Buffer[]).toString()).toBe('{"a":1}');
  expect(body?.()).toEqual({ a: 1 });
});
