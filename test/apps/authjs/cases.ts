import { defineApplication, type Case, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORDS: Record<string, string> = { alice: 'correct-horse-battery', bob: 'purple-monkey-dishwasher' };
const WRONG = 'incorrect-horse-battery';
const CALLBACK = '/auth/callback/credentials';

/** The requests of Auth.js' own pages, and of its JavaScript client. */
type Manner = 'form' | 'script';

async function tokenFor(client: Client): Promise<string> {
  return (await client.get('/auth/csrf')).at('csrfToken');
}

function send(
  client: Client,
  path: string,
  form: Record<string, string>,
  manner: Manner,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return client.post(path, { form, headers: { ...headers, ...(manner === 'script' && { 'x-auth-return-redirect': '1' }) } });
}

async function logIn(client: Client, manner: Manner, username: string, password = PASSWORDS[username]!): Promise<Answer> {
  return send(client, CALLBACK, { csrfToken: await tokenFor(client), username, password, callbackUrl: '/' }, manner);
}

/** The encrypted session shows no account, so the typed name is the account, since its password was right. */
const success = (account: string): ExpectedEvent => ({ outcome: 'success', account });
const refused = (typed?: string): ExpectedEvent => ({ outcome: 'failure', ...(typed !== undefined && { typed }) });

function casesOf(manner: Manner): Case<undefined>[] {
  const answered = manner === 'form' ? 302 : 200;
  const cases: Case<undefined>[] = [
    { name: 'success', drive: (client) => logIn(client, manner, 'alice'), statuses: [200, answered], events: [success('alice')] },
    {
      name: 'wrong password',
      drive: (client) => logIn(client, manner, 'alice', WRONG),
      statuses: [200, answered],
      events: [refused('alice')],
    },
    {
      name: 'unknown user',
      drive: (client) => logIn(client, manner, 'nobody', WRONG),
      statuses: [200, answered],
      events: [refused('nobody')],
    },
    { name: 'locked', drive: (client) => logIn(client, manner, 'locked', WRONG), statuses: [200, answered], events: [refused('locked')] },
    { name: 'broken', drive: (client) => logIn(client, manner, 'broken', WRONG), statuses: [200, answered], events: [refused('broken')] },
    {
      name: 'invalid',
      drive: (client) => send(client, CALLBACK, { username: 'alice', password: PASSWORDS['alice']! }, manner),
      statuses: [answered],
      // Without a CSRF token every login fails.
      events: [refused('alice')],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await logIn(client, manner, 'alice');
        await logIn(client, manner, 'bob', WRONG);
        await logIn(client, manner, 'bob');
      },
      statuses: [200, answered, 200, answered, 200, answered],
      events: [success('alice'), refused('bob'), success('bob')],
    },
    {
      name: 'refresh',
      async drive(client) {
        await logIn(client, manner, 'alice');
        await client.get('/auth/session');
      },
      statuses: [200, answered, 200],
      events: [success('alice')],
    },
    {
      name: 'logout',
      async drive(client) {
        await logIn(client, manner, 'alice');
        await send(client, '/auth/signout', { csrfToken: await tokenFor(client) }, manner);
      },
      statuses: [200, answered, 200, answered],
      // A redirect proves nothing, but the response clears the cookie of the session.
      events: [success('alice'), { action: 'user.logout', outcome: 'success' }],
    },
  ];
  return cases.map((one) => ({ ...one, name: manner === 'form' ? one.name : `${one.name}, script` }));
}

export const application = defineApplication<undefined>({
  variants: { 'Express 4': { EXPRESS: '4' }, 'Express 5': { EXPRESS: '5' } },
  prepare: () => Promise.resolve(undefined),
  secrets: [...Object.values(PASSWORDS), WRONG],
  cases: [
    ...casesOf('form'),
    ...casesOf('script'),
    {
      name: 'aborted',
      drive: (client) => client.hangUp(CALLBACK, 'application/x-www-form-urlencoded'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'limited',
      async drive(client) {
        const csrfToken = await tokenFor(client);
        const headers = { 'x-guess': '1' };
        for (let guess = 1; guess <= 4; guess += 1) {
          await send(client, CALLBACK, { csrfToken, username: 'alice', password: `${WRONG}-${guess}` }, 'form', headers);
        }
      },
      statuses: [200, 302, 302, 302, 429],
      events: [refused('alice'), refused('alice'), refused('alice'), { outcome: 'failure', reason: 'rate_limited' }],
    },
  ],
});
