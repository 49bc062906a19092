import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';
import { postgres } from '../harness/postgres.js';
import { totp } from '../harness/totp.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';
const ADMIN = 'admin@example.com';
const ALICE = 'alice@example.com';
const LOCKED = 'locked@example.com';
const CAUTIOUS = 'cautious@example.com';
const NOBODY = 'nobody@example.com';

/** The tokens of Directus have `id` instead of `sub`, so the typed name is the account. The cases need only the secret of the second factor. */
interface World {
  secret: string;
}

const login = (client: Client, email: string, password: string, more = {}, headers = {}) =>
  client.post('/auth/login', { json: { email, password, ...more }, headers });
const graphql = (client: Client, query: string, variables = {}) => client.post('/graphql/system', { json: { query, variables } });
const graphqlLogin = (client: Client, email: string, password: string) =>
  graphql(client, 'mutation ($email: String!, $password: String!) { auth_login(email: $email, password: $password) { access_token } }', {
    email,
    password,
  });
const refused = (typed: string): ExpectedEvent[] => [{ outcome: 'failure', reason: 'invalid_credentials', typed }];

export const application = defineApplication<World>({
  // Compiling one of its packages takes two minutes.
  heavy: true,
  needs: postgres,
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    const bearer = async (email: string) => ({
      authorization: `Bearer ${(await login(client, email, PASSWORD)).at('data', 'access_token')}`,
    });
    const headers = await bearer(ADMIN);
    const role = (await client.get('/users/me?fields=role', { headers })).at('data', 'role');
    for (const email of [ALICE, CAUTIOUS, LOCKED]) await client.post('/users', { json: { email, password: PASSWORD, role }, headers });
    await client.send('PATCH', '/settings', { json: { auth_login_attempts: 5 }, headers });
    const own = { headers: await bearer(CAUTIOUS) };
    const secret = (await client.post('/users/me/tfa/generate', { ...own, json: { password: PASSWORD } })).at('data', 'secret');
    await client.post('/users/me/tfa/enable', { ...own, json: { secret, otp: totp(secret) } });
    return { secret };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => login(client, ALICE, PASSWORD),
      statuses: [200],
      events: [{ outcome: 'success', account: ALICE }],
    },
    { name: 'wrong password', drive: (client) => login(client, ALICE, WRONG), statuses: [401], events: refused(ALICE) },
    { name: 'unknown user', drive: (client) => login(client, NOBODY, WRONG), statuses: [401], events: refused(NOBODY) },
    {
      name: 'invalid',
      drive: (client) => client.post('/auth/login', { json: { email: ALICE } }),
      statuses: [400],
      events: [{ outcome: 'failure', typed: ALICE }],
    },
    {
      name: 'session cookie',
      drive: (client) => login(client, ALICE, PASSWORD, { mode: 'session' }),
      statuses: [200],
      events: [{ outcome: 'success', account: ALICE }],
    },
    {
      name: 'refresh',
      async drive(client) {
        const refresh_token = (await login(client, ALICE, PASSWORD)).at('data', 'refresh_token');
        await client.post('/auth/refresh', { json: { refresh_token, mode: 'json' } });
      },
      statuses: [200, 200],
      events: [
        { outcome: 'success', account: ALICE },
        { action: 'user.session.refresh', outcome: 'success' },
      ],
    },
    {
      name: 'logout',
      async drive(client) {
        await login(client, ALICE, PASSWORD, { mode: 'session' });
        await client.post('/auth/logout', { json: { mode: 'session' } });
      },
      statuses: [200, 204],
      events: [
        { outcome: 'success', account: ALICE },
        { action: 'user.logout', outcome: 'success' },
      ],
    },
    {
      // The right password without a code, a wrong code, the right code.
      name: 'second factor',
      async drive(client, { secret }) {
        await login(client, CAUTIOUS, PASSWORD);
        await login(client, CAUTIOUS, PASSWORD, { otp: 'wrong' });
        await login(client, CAUTIOUS, PASSWORD, { otp: totp(secret) });
      },
      statuses: [401, 401, 200],
      events: [
        { outcome: 'failure', typed: CAUTIOUS },
        { outcome: 'failure', typed: CAUTIOUS },
        { outcome: 'success', account: CAUTIOUS },
      ],
    },
    {
      name: 'GraphQL',
      drive: (client) => graphqlLogin(client, ALICE, PASSWORD),
      statuses: [200],
      events: [{ outcome: 'success', account: ALICE }],
    },
    { name: 'GraphQL wrong', drive: (client) => graphqlLogin(client, ALICE, WRONG), statuses: [200], events: refused(ALICE) },
    {
      // Three guesses in one request, the last of them right.
      name: 'GraphQL batch',
      drive: (client) =>
        graphql(
          client,
          `mutation {
            a: auth_login(email: "${ALICE}", password: "${WRONG}") { access_token }
            b: auth_login(email: "${NOBODY}", password: "${WRONG}") { access_token }
            c: auth_login(email: "${ALICE}", password: "${PASSWORD}") { access_token }
          }`,
        ),
      statuses: [200],
      events: [{ outcome: 'failure' }, { outcome: 'failure' }, { outcome: 'success' }],
    },
    {
      name: 'no login',
      async drive(client) {
        await client.get('/users/me');
        await graphql(client, 'query { server_info { project { project_name } } }');
      },
      statuses: [401, 200],
      events: [],
    },
    {
      // The sixth wrong password suspends the account, so that the right one is refused, too.
      name: 'locked',
      async drive(client) {
        for (let guess = 1; guess <= 6; guess += 1) await login(client, LOCKED, WRONG);
        await login(client, LOCKED, PASSWORD);
      },
      statuses: Array<number>(7).fill(401),
      events: [...Array(7).keys()].flatMap(() => refused(LOCKED)),
    },
    { name: 'aborted', drive: (client) => client.hangUp('/auth/login'), statuses: [], events: [{ outcome: 'failure', ending: 'aborted' }] },
    {
      // The limit is sixty requests per address and hour. Directus trusts every proxy.
      name: 'limited',
      async drive(client) {
        const headers = { 'x-forwarded-for': '203.0.113.9' };
        for (let request = 1; request <= 60; request += 1) await client.get('/server/ping', { headers });
        await login(client, ALICE, PASSWORD, {}, headers);
      },
      statuses: [...Array<number>(60).fill(200), 429],
      events: [{ outcome: 'failure', reason: 'rate_limited', typed: ALICE }],
    },
  ],
});
