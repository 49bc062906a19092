import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';

const refused = (typed: string): ExpectedEvent => ({ outcome: 'failure', typed });
const success: ExpectedEvent = { outcome: 'success', account: 'admin' };

/** The login page sends a form. */
async function logIn(client: Client, username: string, password: string): Promise<Answer> {
  const answer = await client.post('/signin', { form: { username, password } });
  if (answer.text.includes('bearerToken')) client.secrets.add(answer.at('bearerToken'));
  return answer;
}

export const application = defineApplication<undefined>({
  prepare: () => Promise.resolve(undefined),
  secrets: [PASSWORD, WRONG],
  // Every response has the status 200: `{ ok: true }` or `{ ok: false }`.
  cases: [
    { name: 'success', drive: (client) => logIn(client, 'admin', PASSWORD), statuses: [200], events: [success] },
    { name: 'wrong password', drive: (client) => logIn(client, 'admin', WRONG), statuses: [200], events: [refused('admin')] },
    { name: 'unknown user', drive: (client) => logIn(client, 'nobody', PASSWORD), statuses: [200], events: [refused('nobody')] },
    {
      name: 'invalid',
      drive: (client) => client.post('/signin', { form: { username: 'admin' } }),
      statuses: [200],
      events: [refused('admin')],
    },
    {
      name: 'too large',
      drive: (client) => client.post('/signin', { form: { username: 'admin', password: 'x'.repeat(150_000) } }),
      statuses: [413],
      events: [{ outcome: 'failure' }],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        const authorization = `Bearer ${(await logIn(client, 'admin', PASSWORD)).at('bearerToken')}`;
        await client.post('/signin', { form: { username: 'admin', password: WRONG }, headers: { authorization } });
        await client.get('/connections', { headers: { authorization } });
      },
      statuses: [200, 200, 200],
      events: [success, refused('admin')],
    },
    {
      name: 'refresh',
      async drive(client) {
        const authorization = `Bearer ${(await logIn(client, 'admin', PASSWORD)).at('bearerToken')}`;
        client.secrets.add((await client.post('/signin', { headers: { authorization } })).at('bearerToken'));
      },
      statuses: [200, 200],
      // Nothing was typed, and the token in the request explains the response.
      events: [success, { outcome: 'unknown' }],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/signin', 'application/x-www-form-urlencoded'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
  ],
});
