import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';
import { postgres } from '../harness/postgres.js';

const PASSWORD = 'Correct-horse-battery-9';
const WRONG = 'Incorrect-horse-battery-9';
const ALICE = 'alice@example.com';
const NOBODY = 'nobody@example.com';
const ADMIN = 'admin@example.com';

const login = (client: Client, identifier: string, password: string, headers = {}) =>
  client.post('/api/auth/local', { json: { identifier, password }, headers });
const adminLogin = (client: Client, email: string, password: string) => client.post('/admin/login', { json: { email, password } });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = (typed: string): ExpectedEvent[] => [{ outcome: 'failure', typed }];

export const application = defineApplication<{ alice: string; admin: string }>({
  needs: postgres,
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    const first = { firstname: 'Ada', lastname: 'Min', email: ADMIN, password: PASSWORD };
    const admin = await client.post('/admin/register-admin', { json: first });
    await client.post('/api/auth/local/register', { json: { username: 'first', email: 'first@example.com', password: PASSWORD } });
    const alice = await client.post('/api/auth/local/register', { json: { username: 'alice', email: ALICE, password: PASSWORD } });
    return { alice: alice.at('user', 'id'), admin: admin.at('data', 'user', 'id') };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => login(client, ALICE, PASSWORD),
      statuses: [200],
      events: ({ alice }) => [{ outcome: 'success', account: alice }],
    },
    { name: 'wrong password', drive: (client) => login(client, ALICE, WRONG), statuses: [400], events: refused(ALICE) },
    { name: 'unknown user', drive: (client) => login(client, NOBODY, WRONG), statuses: [400], events: refused(NOBODY) },
    {
      name: 'invalid',
      drive: (client) => client.post('/api/auth/local', { json: { identifier: ALICE } }),
      statuses: [400],
      events: refused(ALICE),
    },
    {
      name: 'refresh',
      async drive(client) {
        const refreshToken = (await login(client, ALICE, PASSWORD)).at('refreshToken');
        await client.post('/api/auth/refresh', { json: { refreshToken } });
      },
      statuses: [200, 200],
      events: ({ alice }) => [
        { outcome: 'success', account: alice },
        { action: 'user.session.refresh', outcome: 'success' },
      ],
    },
    {
      name: 'logout',
      async drive(client) {
        const token = (await login(client, ALICE, PASSWORD)).at('jwt');
        await client.post('/api/auth/logout', { headers: bearer(token) });
      },
      statuses: [200, 200],
      events: ({ alice }) => [
        { outcome: 'success', account: alice },
        { action: 'user.logout', outcome: 'success', account: alice },
      ],
    },
    {
      // A registration is no login. The audit's coverage lists the route.
      name: 'sign-up',
      drive: (client) =>
        client.post('/api/auth/local/register', { json: { username: 'carol', email: 'carol@example.com', password: PASSWORD } }),
      statuses: [200],
      events: [],
    },
    {
      name: 'administrator',
      drive: (client) => adminLogin(client, ADMIN, PASSWORD),
      statuses: [200],
      events: ({ admin }) => [{ outcome: 'success', account: admin }],
    },
    { name: 'administrator wrong', drive: (client) => adminLogin(client, ADMIN, WRONG), statuses: [400], events: refused(ADMIN) },
    {
      name: 'administrator refresh, logout',
      async drive(client) {
        await adminLogin(client, ADMIN, PASSWORD);
        const token = (await client.post('/admin/access-token')).at('data', 'token');
        await client.post('/admin/logout', { headers: bearer(token) });
      },
      statuses: [200, 200, 200],
      events: ({ admin }) => [
        { outcome: 'success', account: admin },
        { action: 'user.session.refresh', outcome: 'success' },
        { action: 'user.logout', outcome: 'success', account: admin },
      ],
    },
    {
      name: 'no login',
      async drive(client) {
        await client.get('/api/users/me');
        await client.get('/admin/users/me');
        await client.get('/admin/init');
      },
      statuses: [403, 401, 200],
      events: [],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/api/auth/local'),
      statuses: [],
      events: [{ outcome: 'unknown', ending: 'aborted' }],
    },
    {
      // The limit is ten attempts per address and minute.
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 11; guess += 1) await login(client, NOBODY, WRONG, { 'x-forwarded-for': '203.0.113.9' });
      },
      statuses: [...Array<number>(10).fill(400), 429],
      events: [...Array(10).keys()].flatMap(() => refused(NOBODY)).concat({ outcome: 'failure', reason: 'rate_limited', typed: NOBODY }),
    },
  ],
});
