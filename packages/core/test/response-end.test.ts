import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ResponseEnd } from '../src/adapter/response-end.js';

/** Returns the calls for a request whose client disconnects. Body parsers notice this by `aborted`, and their error handlers respond. */
async function toldOfLost(onAborted: (response: ServerResponse) => void): Promise<string[]> {
  const told: string[] = [];
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const closed = new Promise<void>((resolve) => {
    server.on('request', (request, response) => {
      new ResponseEnd(response, { answered: () => told.push('answered'), hungUp: () => told.push('hung up') });
      request.on('error', () => undefined).resume();
      request.on('aborted', () => onAborted(response));
      response.on('close', resolve);
    });
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n');
  await once(socket, 'data');
  socket.resetAndDestroy();
  await closed;
  await nextTurn();
  await nextTurn();
  server.close();
  return told;
}

const answer = (response: ServerResponse): unknown => response.writeHead(400).end('request aborted');

it.each([
  ['at once', answer],
  ['later', (response: ServerResponse) => setImmediate(answer, response)],
  ['never', () => undefined],
])('reports that the client disconnected if the handler responds to a lost request %s', async (_when, onAborted) => {
  expect(await toldOfLost(onAborted)).toEqual(['hung up']);
});
