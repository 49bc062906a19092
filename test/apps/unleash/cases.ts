import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';
import { postgres } from '../harness/postgres.js';

const PASSWORD = 'Correct-horse-battery-9';
const WRONG = 'Incorrect-horse-battery-9';

const login = (client: Client, username: string, password: string, headers = {}) =>
  client.post('/auth/simple/login', { json: { username, password }, headers });
const refused = (typed: string): ExpectedEvent[] => [{ outcome: 'failure', reason: 'invalid_credentials', typed }];

export const application = defineApplication<{ admin: string }>({
  needs: postgres,
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    return { admin: (await login(client, 'admin', PASSWORD)).at('id') };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => login(client, 'admin', PASSWORD),
      statuses: [200],
      events: ({ admin }) => [{ outcome: 'success', account: admin }],
    },
    { name: 'wrong password', drive: (client) => login(client, 'admin', WRONG), statuses: [401], events: refused('admin') },
    { name: 'unknown user', drive: (client) => login(client, 'nobody', WRONG), statuses: [401], events: refused('nobody') },
    {
      name: 'invalid',
      drive: (client) => client.post('/auth/simple/login', { json: { username: 'admin' } }),
      statuses: [400],
      events: [{ outcome: 'failure', typed: 'admin' }],
    },
    {
      name: 'wrong password while in',
      async drive(client) {
        await login(client, 'admin', PASSWORD);
        await login(client, 'admin', WRONG);
      },
      statuses: [200, 401],
      events: ({ admin }) => [{ outcome: 'success', account: admin }, ...refused('admin')],
    },
    {
      name: 'logout',
      async drive(client) {
        await login(client, 'admin', PASSWORD);
        await client.post('/logout');
      },
      statuses: [200, 302],
      events: ({ admin }) => [
        { outcome: 'success', account: admin },
        { action: 'user.logout', outcome: 'success', account: admin },
      ],
    },
    {
      name: 'no login',
      async drive(client) {
        await client.get('/api/admin/user');
        await login(client, 'admin', PASSWORD);
        await client.get('/api/admin/user');
      },
      statuses: [401, 200, 200],
      events: ({ admin }) => [{ outcome: 'success', account: admin }],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/auth/simple/login'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      // The limit is ten attempts per address and minute. Unleash trusts every proxy.
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 11; guess += 1) await login(client, 'eve', WRONG, { 'x-forwarded-for': '203.0.113.9' });
      },
      statuses: [...Array<number>(10).fill(401), 429],
      events: [...Array(10).keys()].flatMap(() => refused('eve')).concat({ outcome: 'failure', reason: 'rate_limited', typed: 'eve' }),
    },
  ],
});
