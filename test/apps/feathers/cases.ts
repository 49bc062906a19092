import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';
const ALICE = 'alice@example.com';
const CAROL = 'carol@example.com';
const NOBODY = 'nobody@example.com';

const login = (client: Client, email: string, password: string) =>
  client.post('/authentication', { json: { strategy: 'local', email, password } });
const refused = (typed: string): ExpectedEvent[] => [{ outcome: 'failure', reason: 'invalid_credentials', typed }];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export const application = defineApplication<{ alice: string; carol: string }>({
  variants: { express: { TRANSPORT: 'express' }, koa: { TRANSPORT: 'koa' } },
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    const create = async (email: string) => (await client.post('/users', { json: { email, password: PASSWORD } })).at('id');
    return { carol: await create(CAROL), alice: await create(ALICE) };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => login(client, ALICE, PASSWORD),
      statuses: [201],
      events: ({ alice }) => [{ outcome: 'success', account: alice }],
    },
    { name: 'wrong password', drive: (client) => login(client, ALICE, WRONG), statuses: [401], events: refused(ALICE) },
    { name: 'unknown user', drive: (client) => login(client, NOBODY, WRONG), statuses: [401], events: refused(NOBODY) },
    {
      name: 'invalid',
      drive: (client) => client.post('/authentication', { json: { strategy: 'local', email: ALICE } }),
      statuses: [401],
      events: [{ outcome: 'failure', typed: ALICE }],
    },
    {
      name: 'refresh',
      async drive(client) {
        const accessToken = (await login(client, CAROL, PASSWORD)).at('accessToken');
        await client.post('/authentication', { json: { strategy: 'jwt', accessToken } });
      },
      statuses: [201, 201],
      events: ({ carol }) => [
        { outcome: 'success', account: carol },
        { action: 'user.session.refresh', outcome: 'success', account: carol },
      ],
    },
    {
      name: 'logout',
      async drive(client) {
        const accessToken = (await login(client, CAROL, PASSWORD)).at('accessToken');
        await client.send('DELETE', '/authentication', { headers: bearer(accessToken) });
      },
      statuses: [201, 200],
      events: ({ carol }) => [
        { outcome: 'success', account: carol },
        { action: 'user.logout', outcome: 'success', account: carol },
      ],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/authentication'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 4; guess += 1) await login(client, 'eve@example.com', `${WRONG}-${guess}`);
      },
      statuses: [401, 401, 401, 429],
      events: [
        ...[1, 2, 3].flatMap(() => refused('eve@example.com')),
        { outcome: 'failure', reason: 'rate_limited', typed: 'eve@example.com' },
      ],
    },
  ],
});
