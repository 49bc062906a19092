import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import type { AuditEvent } from '@auditlogin/core';
import { is, LOGIN, ok, pause, post, type ContractExchange, type Scenario } from './scenario.js';

const GUESSES = ['a', 'b', 'right', 'c'];

async function guessAll(x: ContractExchange): Promise<void> {
  for (const guess of GUESSES) {
    await pause(1);
    const marker = x.newMarker();
    if (guess === 'right') marker.success({ actor: 'u1' });
    else marker.failure('wrong_password', { actor: 'u1' });
  }
  await ok(x);
}

function fourOfOneRequest(events: readonly AuditEvent[]): void {
  const all = events.map(
    (event) => `${event.fields?.['attempt']} ${event.fields?.['outcome']} ${event.actor?.id ?? '-'} ${event.target?.id ?? '-'}`,
  );
  assert.deepEqual(all.toSorted(), ['1 failure - u1', '2 failure - u1', '3 success u1 -', '4 failure - u1']);
  assert.equal(new Set(events.map(({ fields }) => fields?.['request_id'] ?? 'none')).size, 1);
  assert.notEqual(events[0]!.fields?.['request_id'], undefined);
  assert.equal(new Set(events.map(({ external_id }) => external_id)).size, 4);
}

/** Attempts that share a request or a connection, or are simultaneous. */
export const severalAttempts: readonly Scenario[] = [
  ...['/graphql', '/login'].map((path) => ({
    name: `guesses in one request to ${path} are one event each, numbered, with one request id`,
    handler: guessAll,
    client: (client: Parameters<Scenario['client']>[0]) => client.send('POST', path, { body: {} }),
    count: 4,
    expected: fourOfOneRequest,
  })),
  {
    name: 'a list of outcomes from a rule is one event each',
    options: {
      routes: ['/graphql'],
      outcome: ({ responseBody }) => (responseBody as { ok: boolean }[]).map(({ ok }) => (ok ? 'success' : 'failure')),
    },
    handler: (x) => x.json(200, [{ ok: false }, { ok: true }, { ok: false }]),
    client: (client) => client.send('POST', '/graphql', { body: {} }),
    count: 3,
    expected: (events) =>
      assert.deepEqual(events.map(({ fields }) => `${fields?.['attempt']} ${fields?.['outcome']}`).toSorted(), [
        '1 failure',
        '2 success',
        '3 failure',
      ]),
  },
  {
    name: 'a second call on the same marker corrects the first',
    async handler(x) {
      x.mark.failure('wrong_password');
      x.mark.success({ actor: 'u1' });
      await ok(x);
    },
    client: post,
    expected: [is.success('u1', 'marker')],
  },
  {
    name: 'several logins on one connection are one event each',
    handler: (x) => x.json(401, {}),
    async client(client) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let index = 0; index < 3; index += 1) await post(client, { agent });
      agent.destroy();
    },
    expected: [is.failure(), is.failure(), is.failure()],
  },
  {
    name: 'pipelined guesses on one connection are all recorded, whether answered or not',
    handler: async (x) => (await pause(100), x.json(401, {})),
    async client(client) {
      const body = JSON.stringify(LOGIN);
      const one = `POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
      await client.raw(one.repeat(3), 30);
      await pause(400);
    },
    count: 3,
    expected: (events) =>
      assert.deepEqual(
        events.map(({ fields }) => fields?.['ending']),
        ['aborted', 'aborted', 'aborted'],
      ),
  },
  {
    name: 'two hundred simultaneous logins are not mixed up',
    async handler(x) {
      await pause(Math.random() * 20);
      x.mark.success({ actor: (x.body as typeof LOGIN).username });
      await ok(x);
    },
    client: (client) =>
      Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          post(client, {
            body: { username: `u${index}` },
            headers: { traceparent: `00-${String(index + 1).padStart(32, '0')}-00f067aa0ba902b7-01` },
          }),
        ),
      ),
    count: 200,
    expected: (events) => {
      assert.equal(events.length, 200);
      for (const { actor, fields } of events) assert.equal(Number(fields!['trace_id']), Number(actor!.id.slice(1)) + 1);
    },
  },
];
