import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';

const login = (client: Client, username: string, password: string) =>
  client.post('/auth/token', { json: { client_id: 'node-red-admin', grant_type: 'password', scope: '*', username, password } });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = (typed: string): ExpectedEvent => ({ outcome: 'failure', typed });

export const application = defineApplication<void>({
  variants: { embedded: { MOUNT: 'embedded' }, settings: { MOUNT: 'settings' } },
  secrets: [PASSWORD, WRONG],
  prepare: () => Promise.resolve(),
  cases: [
    {
      // Passport checks the client (node-red-admin), but the person whose password is in the grant logs in.
      name: 'success',
      drive: (client) => login(client, 'admin', PASSWORD),
      statuses: [200],
      events: [{ outcome: 'success', account: 'admin' }],
    },
    { name: 'wrong password', drive: (client) => login(client, 'admin', WRONG), statuses: [403], events: [refused('admin')] },
    { name: 'unknown user', drive: (client) => login(client, 'nobody', WRONG), statuses: [403], events: [refused('nobody')] },
    {
      name: 'invalid',
      drive: (client) => client.post('/auth/token', { form: { client_id: 'node-red-admin', grant_type: 'password', username: 'admin' } }),
      statuses: [400],
      events: [refused('admin')],
    },
    {
      name: 'unknown client',
      drive: (client) =>
        client.post('/auth/token', { form: { client_id: 'other', grant_type: 'password', username: 'admin', password: PASSWORD } }),
      statuses: [401],
      events: [refused('admin')],
    },
    {
      name: 'logout',
      async drive(client) {
        const token = (await login(client, 'admin', PASSWORD)).at('access_token');
        await client.post('/auth/revoke', { json: { token }, headers: bearer(token) });
      },
      statuses: [200, 200],
      events: [
        { outcome: 'success', account: 'admin' },
        { action: 'user.logout', outcome: 'success', account: 'admin' },
      ],
    },
    {
      name: 'no login',
      async drive(client) {
        await client.get('/auth/login');
        await client.get('/flows');
        const token = (await login(client, 'admin', PASSWORD)).at('access_token');
        await client.get('/flows', { headers: bearer(token) });
      },
      statuses: [200, 401, 200, 200],
      events: [{ outcome: 'success', account: 'admin' }],
    },
    { name: 'aborted', drive: (client) => client.hangUp('/auth/token'), statuses: [], events: [{ outcome: 'failure', ending: 'aborted' }] },
    {
      // Node-RED answers the sixth attempt within ten minutes with a server error.
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 6; guess += 1) await login(client, 'eve', `${WRONG}-${guess}`);
      },
      statuses: [403, 403, 403, 403, 403, 500],
      events: Array.from({ length: 6 }, () => refused('eve')),
    },
  ],
});
