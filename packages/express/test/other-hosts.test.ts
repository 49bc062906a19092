import type { AuditEvent } from '@auditlogin/core';
import { recordingAuditor } from '@auditlogin/testing';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { auditLogin } from '../src/index.js';

const auditor = recordingAuditor({ typedIdentity: 'plain' });
const servers: Server[] = [];

afterAll(async () => {
  for (const server of servers) server.close().closeAllConnections();
  await auditor.close();
});
beforeEach(() => auditor.clear());

/** Runs middleware one after another, as Connect, polka and restify do, without any router of Express. */
async function serve(...chain: RequestHandler[]): Promise<string> {
  const server = createServer((request, response) => {
    const run = (index: number): void => void chain[index]?.(request as never, response as never, () => run(index + 1));
    run(0);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (url: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

const outcomes = (events: readonly AuditEvent[]): unknown[] => events.map(({ actor, fields }) => [fields?.['outcome'], actor?.id]);

it.each<[string, unknown]>([
  ['restify', { name: 'postlogin', method: 'POST', path: '/:kind/login', spec: {} }],
  ['a pattern', { path: /login/ }],
  ['a text', '/login'],
  ['null', null],
])('takes the `route` of another framework for no route of Express: %s', async (_name, route) => {
  const base = await serve(
    (request, _response, next) => {
      const isLogin = request.url.endsWith('/login');
      Object.assign(request, { route: isLogin ? route : { path: '/profile', method: 'POST' }, path: () => 'a function' });
      next();
    },
    auditLogin({ auditor }),
    (_request: IncomingMessage, response: ServerResponse) => {
      response.statusCode = 401;
      response.end();
    },
  );
  expect((await post(`${base}/users/login`, { username: 'ann', password: 'x' })).status).toBe(401);
  await post(`${base}/profile`, { nickname: 'ann' });
  await auditor.settled(1);
  expect(auditor.events).toMatchObject([{ is_failure: true, fields: { outcome: 'failure', found_by: 'route' } }]);
});

it('knows what was typed if the handler reads the request itself', async () => {
  const base = await serve(auditLogin({ auditor }), async (request: IncomingMessage, response: ServerResponse) => {
    const { password } = JSON.parse(await text(request)) as { password: string };
    response.statusCode = password === 'right' ? 200 : 401;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ token: password === 'right' ? 'a'.repeat(32) : null }));
  });
  for (const password of ['right', 'wrong']) await post(`${base}/login`, { username: 'ann', password });
  const [success, failure] = await auditor.settled(2);
  expect(success).toMatchObject({ actor: { id: 'ann' }, fields: { outcome: 'success', actor_source: 'typed' } });
  expect(failure).toMatchObject({ is_anonymous: true, fields: { outcome: 'failure', identity: 'ann', method: 'password' } });
});

it('sees another owner replace the owner of a session that no route of Express loaded', async () => {
  const base = await serve(
    auditLogin({ auditor }),
    express.json(),
    session({ secret: 's', resave: false, saveUninitialized: false }),
    (request: { session: object; body: object }, response: ServerResponse) => {
      Object.assign(request.session, request.body);
      response.end();
    },
  );
  await post(`${base}/login`, { userId: 'u0' });
  const first = await post(`${base}/login`, { userId: 'u1' });
  await post(`${base}/login`, { userId: 'u2' }, { cookie: first.headers.getSetCookie()[0]!.split(';')[0]! });
  expect(outcomes(await auditor.settled(3))).toEqual([
    ['success', 'u0'],
    ['success', 'u1'],
    ['success', 'u2'],
  ]);
});
