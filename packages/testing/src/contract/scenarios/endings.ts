import assert from 'node:assert/strict';
import { is, ok, pause, post, type Scenario, table } from './scenario.js';

const aborted = {
  ...is.unknown('aborted'),
  source_ip: '127.0.0.1',
  fields: { outcome: 'unknown', reason: 'aborted', ending: 'aborted', status: undefined },
};

/** Exchanges that are ended by the handler, by middleware before it, or by the client. */
export const endings: readonly Scenario[] = [
  {
    name: 'an attempt whose client disconnects before the response is unknown',
    handler: async (x) => (await pause(80), ok(x)),
    client: async (client) => [await post(client, { hangUp: 20 }), await pause(120)],
    expected: [aborted],
  },
  {
    name: 'an attempt whose client disconnects during the response is unknown',
    handler: (x) => x.stream(['a', 'b'], 150),
    client: async (client) => [await post(client, { hangUp: 'head' }), await pause(350)],
    onlyAfterResponse: true,
    expected: [{ ...aborted, fields: { outcome: 'unknown', reason: 'aborted', ending: 'aborted' } }],
  },
  {
    name: 'a handler that never answers is awaited for `abortWait`',
    options: { abortWait: 60 },
    handler: (x) => x.hang(),
    client: async (client) => [await post(client, { hangUp: 30 }), await pause(100)],
    expected: [aborted],
  },
  {
    name: 'a success is recorded even if the client disconnects, since the handler is awaited',
    async handler(x) {
      await pause(80);
      await x.logIn('u1');
      await ok(x);
    },
    client: async (client) => [await post(client, { hangUp: 20 }), await pause(120)],
    expected: (events) => {
      assert.equal(events.length, 1, JSON.stringify(events));
      assert.equal(events[0]!.fields?.['ending'], 'aborted');
      assert.notEqual(events[0]!.fields?.['outcome'], 'failure');
    },
  },
  {
    name: 'a login that is marked after the client has disconnected is a success with the ending aborted',
    async handler(x) {
      await pause(80);
      x.mark.success({ actor: 'u1' });
      await ok(x);
    },
    client: async (client) => [await post(client, { hangUp: 20 }), await pause(120)],
    expected: [{ ...is.success('u1', 'marker'), fields: { outcome: 'success', evidence: 'marker', ending: 'aborted' } }],
  },
  {
    name: 'a login that was marked before the client disconnected is a success',
    options: { abortWait: 60 },
    handler: async (x) => (x.mark.success({ actor: 'u1' }), x.hang()),
    client: async (client) => [await post(client, { hangUp: 30 }), await pause(100)],
    expected: [is.success('u1', 'marker')],
  },
  table(
    'what is refused before the handler is recorded',
    [
      { is: 'by a limiter', does: ok, expected: is.failure('status', 'rate_limited') },
      {
        is: 'by a guard that throws',
        headers: { 'x-guard': '1' },
        does: ok,
        expected: { is_failure: true, fields: { outcome: 'failure', status: '403' } },
      },
    ],
    {
      setup: {
        async before(x) {
          if (x.headers['x-guard'] !== undefined) x.fail(403);
          await x.json(429, {});
          return 'answered';
        },
      },
    },
  ),
  {
    name: 'a request with an unreadable body is a failed attempt',
    handler: ok,
    client: (client) =>
      client.raw(
        'POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"username":',
        200,
      ),
    expected: [{ is_failure: true, actor: undefined, fields: { outcome: 'failure', status: '400' } }],
  },
];
