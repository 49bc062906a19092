import assert from 'node:assert/strict';
import type { AuditEvent } from '@auditlogin/core';
import { compare, cookieOf, is, ok, pause, post, type PartialEvent, type Scenario, table } from './scenario.js';

const ADDRESS = '127.0.0.1';
const byEffect = (evidence: string): PartialEvent => ({ ...is.success('u1', evidence), source_ip: ADDRESS });
const hungUp = { source_ip: ADDRESS, fields: { ending: 'aborted', route: '/other' } };

/** One event, of the client that hung up, which is no failure of somebody. */
function isNoFailure(events: readonly AuditEvent[]): void {
  assert.equal(events.length, 1, JSON.stringify(events));
  compare(events[0]!, hungUp);
  assert.notEqual(events[0]!.fields?.['outcome'], 'failure');
}

/** Two requests that share a connection, the first of which is slow. */
const pipelined = ['slow', 'quick'].map((word) => `GET /other HTTP/1.1\r\nHost: a\r\nX-Word: ${word}\r\n\r\n`).join('');

/** Requests that nothing announces as an attempt: no route that is audited, mostly no body. */
export const plainRequests: readonly Scenario[] = [
  table('a request without a body that lets somebody in makes an event', [
    {
      is: 'GET that logs in',
      method: 'GET',
      path: '/other',
      does: async (x) => (await x.logIn('u1'), ok(x)),
      expected: byEffect('session'),
    },
    {
      is: 'GET that logs in and redirects',
      method: 'GET',
      path: '/magic/abc',
      does: async (x) => (await x.logIn('u1'), x.redirect('/')),
      expected: byEffect('session'),
    },
    {
      is: 'GET that is marked',
      method: 'GET',
      path: '/callback',
      does: (x) => (x.mark.success({ actor: 'u1' }), ok(x)),
      expected: byEffect('marker'),
    },
    {
      is: 'GET that is marked as failed',
      method: 'GET',
      path: '/callback',
      does: (x) => (x.mark.failure('provider_error'), ok(x)),
      expected: { ...is.failure('marker', 'provider_error'), source_ip: ADDRESS },
    },
    { is: 'GET that does nothing', method: 'GET', path: '/other', does: ok, expected: undefined },
    { is: 'GET that fails', method: 'GET', path: '/other', does: (x) => x.fail(401), expected: undefined },
    { is: 'GET that stores something', method: 'GET', path: '/other', does: (x) => (x.keep('theme', 'dark'), ok(x)), expected: undefined },
    { is: 'GET of nothing', method: 'GET', path: '/nothing-here', does: ok, expected: undefined },
    { is: 'HEAD', method: 'HEAD', path: '/other', does: ok, expected: undefined },
  ]),
  {
    name: 'a request of somebody who is logged in is no attempt',
    handler: async (x) => (await (x.headers['x-word'] === 'enter' && x.logIn('u1')), ok(x)),
    async client(client) {
      const cookie = cookieOf(await client.send('GET', '/other', { headers: { 'x-word': 'enter' } }));
      await client.send('GET', '/other', { headers: { cookie } });
      await client.send('POST', '/other', { headers: { cookie }, body: {} });
    },
    expected: [byEffect('session')],
  },
  {
    name: 'a request without a body whose client hangs up hides no login of its handler',
    async handler(x) {
      await pause(80);
      await x.logIn('u1');
      await ok(x);
    },
    client: async (client) => [await client.send('GET', '/other', { hangUp: 20 }), await pause(150)],
    expected: isNoFailure,
  },
  {
    name: 'a request without a body that is marked once its client is gone makes an event',
    async handler(x) {
      await pause(80);
      x.mark.success({ actor: 'u1' });
      await ok(x);
    },
    client: async (client) => [await client.send('GET', '/other', { hangUp: 20 }), await pause(150)],
    expected: [{ ...byEffect('marker'), fields: { outcome: 'success', evidence: 'marker', ending: 'aborted', route: '/other' } }],
  },
  {
    name: 'a request without a body that is marked once its client is gone is awaited for `abortWait`',
    options: { abortWait: 60 },
    async handler(x) {
      await pause(60);
      x.mark.success({ actor: 'u1' });
      await x.hang();
    },
    client: async (client) => [await client.send('GET', '/other', { hangUp: 20 }), await pause(200)],
    expected: [{ ...byEffect('marker'), fields: { outcome: 'success', ending: 'aborted' } }],
  },
  {
    name: 'requests without a body that wait behind another one are recorded when their client hangs up',
    async handler(x) {
      if (x.headers['x-word'] === 'slow') return pause(150).then(() => ok(x));
      await x.logIn('u1');
      await ok(x);
    },
    client: async (client) => [await client.raw(pipelined, 60), await pause(200)],
    onlyAfterResponse: true,
    expected: isNoFailure,
  },
  {
    name: 'a marker behind the answer of a request without a body makes an event',
    async handler(x) {
      await ok(x);
      setTimeout(() => x.newMarker().success({ actor: 'u1' }), 40);
    },
    client: async (client) => [await client.send('GET', '/other'), await pause(100)],
    expected: [byEffect('marker')],
  },
  {
    name: 'a POST without a body lets somebody in, too',
    handler: async (x) => (await x.logIn('u1'), ok(x)),
    client: (client) => client.send('POST', '/other'),
    expected: [byEffect('session')],
  },
  {
    name: 'a session that its store refuses is no login of a request without a body',
    setup: { storeIsDown: true },
    handler: async (x) => (await x.logIn('u1').catch(() => undefined), ok(x)),
    client: async (client) => [await client.send('GET', '/other').catch(() => undefined), await post(client).catch(() => undefined)],
    expected: (events) =>
      assert.deepEqual(
        events.filter(({ is_failure }) => !is_failure),
        [],
      ),
  },
];
