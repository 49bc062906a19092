import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const WRONG = 'incorrect-horse-battery';

const success: ExpectedEvent = { outcome: 'success', account: 'alice' };
const refused = (typed: string): ExpectedEvent => ({ outcome: 'failure', reason: 'invalid_credentials', typed });

const logIn = (client: Client, username: string, password: string, path = '/login'): Promise<Answer> =>
  client.post(path, { json: { username, password } });

export const application = defineApplication<undefined>({
  prepare: () => Promise.resolve(undefined),
  secrets: [PASSWORD, WRONG, 'reader-of-the-directory'],
  cases: [
    { name: 'success', drive: (client) => logIn(client, 'alice', PASSWORD), statuses: [200], events: [success] },
    { name: 'wrong password', drive: (client) => logIn(client, 'alice', WRONG), statuses: [401], events: [refused('alice')] },
    { name: 'unknown user', drive: (client) => logIn(client, 'nobody', WRONG), statuses: [401], events: [refused('nobody')] },
    { name: 'wildcard', drive: (client) => logIn(client, 'ali*', PASSWORD), statuses: [401], events: [refused('ali*')] },
    {
      name: 'invalid',
      drive: (client) => client.post('/login', { json: { username: 'alice' } }),
      statuses: [400],
      events: [{ outcome: 'failure', typed: 'alice' }],
    },
    {
      name: 'error',
      drive: (client) => logIn(client, 'alice', PASSWORD, '/unreachable/login'),
      statuses: [500],
      events: [{ outcome: 'failure', typed: 'alice' }],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/login'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 4; guess += 1) await logIn(client, 'bob', `${WRONG}-${guess}`);
      },
      statuses: [401, 401, 401, 429],
      events: [refused('bob'), refused('bob'), refused('bob'), { outcome: 'failure', reason: 'rate_limited', typed: 'bob' }],
    },
  ],
});
