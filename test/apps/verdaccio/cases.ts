import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';
const LOGIN = '/-/verdaccio/sec/login';

const success = (account: string): ExpectedEvent => ({ outcome: 'success', account });
const refused = (typed?: string, reason?: string): ExpectedEvent => ({
  outcome: 'failure',
  ...(typed !== undefined && { typed }),
  ...(reason !== undefined && { reason }),
});

/** Verdaccio limits requests by the address that a proxy reports, so each request has its own address. */
let address = 0;
const elsewhere = (): Record<string, string> => ({ 'x-forwarded-for': `2001:db8:${(address += 1).toString(16)}::1` });

const onPage = (client: Client, username: string, password: string, headers = elsewhere()): Promise<Answer> =>
  client.post(LOGIN, { json: { username, password }, headers });

/** The request of `npm adduser` and `npm login --auth-type=legacy`. */
async function byNpm(client: Client, name: string, password: string, again = false): Promise<string | undefined> {
  const json = {
    _id: `org.couchdb.user:${name}`,
    name,
    password,
    email: `${name}@example.com`,
    type: 'user',
    roles: [],
    date: '2026-01-01',
  };
  const basic = Buffer.from(`${name}:${password}`).toString('base64');
  const path = `/-/user/org.couchdb.user:${name}${again ? '/-rev/undefined' : ''}`;
  const answer = await client.send('PUT', path, { json, headers: { ...elsewhere(), ...(again && { authorization: `Basic ${basic}` }) } });
  if (again) client.secrets.add(basic);
  if (answer.status !== 201) return undefined;
  const token = answer.at('token');
  client.secrets.add(token);
  return token;
}

/** The requests of `npm login --auth-type=legacy` for an existing name: npm tries to register it, and then logs in. */
async function npmLogin(client: Client, name: string, password: string): Promise<string | undefined> {
  await byNpm(client, name, password);
  await client.get(`/-/user/org.couchdb.user:${name}?write=true`, { headers: elsewhere() });
  return byNpm(client, name, password, true);
}

export const application = defineApplication<undefined>({
  secrets: [PASSWORD, WRONG],
  async prepare(client) {
    await byNpm(client, 'alice', PASSWORD);
    return undefined;
  },
  cases: [
    { name: 'success', drive: (client) => onPage(client, 'alice', PASSWORD), statuses: [200], events: [success('alice')] },
    {
      name: 'wrong password',
      drive: (client) => onPage(client, 'alice', WRONG),
      statuses: [401],
      events: [refused('alice', 'invalid_credentials')],
    },
    {
      name: 'unknown user',
      drive: (client) => onPage(client, 'nobody', WRONG),
      statuses: [401],
      events: [refused('nobody', 'invalid_credentials')],
    },
    {
      name: 'invalid',
      drive: (client) => client.post(LOGIN, { json: { username: 'alice' }, headers: elsewhere() }),
      statuses: [401],
      events: [refused('alice')],
    },
    { name: 'sign-up', drive: (client) => byNpm(client, 'bob', PASSWORD), statuses: [201], events: [success('bob')] },
    {
      name: 'npm login',
      drive: (client) => npmLogin(client, 'alice', PASSWORD),
      statuses: [409, 200, 201],
      // The first request is refused, since the name exists.
      events: [refused('alice'), success('alice')],
    },
    {
      name: 'npm login, wrong',
      async drive(client) {
        await byNpm(client, 'alice', WRONG);
        await byNpm(client, 'alice', WRONG, true);
      },
      statuses: [401, 401],
      events: [refused('alice', 'invalid_credentials'), refused('alice', 'invalid_credentials')],
    },
    {
      name: 'no such endpoint',
      drive: (client) => client.post('/-/v1/login', { json: { hostname: 'laptop' } }),
      statuses: [404],
      // npm asks whether the registry has a web login, which it does not.
      events: [],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        const token = await npmLogin(client, 'alice', PASSWORD);
        const headers = { ...elsewhere(), authorization: `Bearer ${token}` };
        await onPage(client, 'bob', WRONG, headers);
        await client.get('/-/whoami', { headers });
      },
      statuses: [409, 200, 201, 401, 200],
      events: [refused('alice'), success('alice'), refused('bob', 'invalid_credentials')],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp(LOGIN),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'logout',
      async drive(client) {
        const token = await npmLogin(client, 'alice', PASSWORD);
        const headers = { ...elsewhere(), authorization: `Bearer ${token}` };
        await client.send('DELETE', `/-/user/token/${token}`, { headers });
        await client.get('/-/whoami', { headers });
      },
      statuses: [409, 200, 201, 200, 200],
      events: [refused('alice'), success('alice'), { action: 'user.logout', outcome: 'success' }],
    },
    {
      name: 'limited',
      async drive(client) {
        const headers = elsewhere();
        for (let guess = 1; guess <= 6; guess += 1) await onPage(client, 'alice', `${WRONG}-${guess}`, headers);
      },
      statuses: [401, 401, 401, 401, 401, 429],
      events: [...[1, 2, 3, 4, 5].map(() => refused('alice', 'invalid_credentials')), refused('alice', 'rate_limited')],
    },
  ],
});
