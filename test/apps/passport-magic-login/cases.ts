import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const ALICE = 'alice@example.com';
const CALLBACK = '/auth/magiclogin/callback';

const success: ExpectedEvent = { outcome: 'success', account: 'u-1' };
const refused: ExpectedEvent = { outcome: 'failure' };

const ask = (client: Client, destination: string): Promise<Answer> => client.post('/auth/magiclogin', { json: { destination } });

/** Requests a link, and returns the one in the mail. */
async function linkFor(client: Client, destination: string): Promise<string> {
  await ask(client, destination);
  const link = (await client.get(`/outbox/${destination}`)).at('href');
  client.secrets.add(link.slice(link.indexOf('=') + 1));
  return link;
}

const follow = async (client: Client, destination: string): Promise<Answer> => client.get(await linkFor(client, destination));

export const application = defineApplication<undefined>({
  prepare: () => Promise.resolve(undefined),
  secrets: [],
  cases: [
    { name: 'success', drive: (client) => follow(client, ALICE), statuses: [200, 200, 302], events: [success] },
    { name: 'link sent', drive: (client) => ask(client, ALICE), statuses: [200], events: [] },
    { name: 'link not sent', drive: (client) => ask(client, 'broken@example.com'), statuses: [200], events: [] },
    { name: 'unknown user', drive: (client) => follow(client, 'nobody@example.com'), statuses: [200, 200, 401], events: [refused] },
    { name: 'invalid', drive: (client) => client.get(`${CALLBACK}?token=guessed`), statuses: [401], events: [refused] },
    { name: 'without a token', drive: (client) => client.get(CALLBACK), statuses: [401], events: [refused] },
    {
      name: 'expired',
      drive: async (client) => client.get((await client.get(`/expired/${ALICE}`)).at('href')),
      statuses: [200, 401],
      events: [refused],
    },
    {
      name: 'replayed',
      async drive(client) {
        const link = await linkFor(client, ALICE);
        await client.get(link);
        client.cookies.clear();
        await client.get(link);
      },
      // The library lets a link be used more than once.
      statuses: [200, 200, 302, 302],
      events: [success, success],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await follow(client, ALICE);
        await client.get(`${CALLBACK}?token=guessed`);
        await client.get('/');
      },
      statuses: [200, 200, 302, 401, 200],
      events: [success, refused],
    },
    {
      name: 'error',
      drive: (client) => follow(client, 'error@example.com'),
      statuses: [200, 200, 500],
      events: [refused],
    },
    {
      name: 'aborted',
      // The login succeeds although the client has disconnected.
      drive: async (client) => client.leave(await linkFor(client, 'slow@example.com')),
      statuses: [200, 200],
      events: [{ outcome: 'success', account: 'u-2' }],
    },
    {
      name: 'logout',
      async drive(client) {
        await follow(client, ALICE);
        await client.post('/logout');
      },
      statuses: [200, 200, 302, 302],
      events: [success, { action: 'user.logout', outcome: 'success', account: 'u-1' }],
    },
  ],
});
