import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const ALICE = 'alice@example.com';
/** An account that the identity provider knows and the application does not. */
const MALLORY = 'mallory@example.com';
const PASSWORDS: Record<string, string> = { [ALICE]: 'correct-horse-battery', [MALLORY]: 'purple-monkey-dishwasher' };
const WRONG = 'incorrect-horse-battery';

const success: ExpectedEvent = { outcome: 'success', account: 'u-1' };
const refused: ExpectedEvent = { outcome: 'failure' };

/** Follows the redirect from the application's login to the provider's form, and returns the form's address. */
async function toProvider(client: Client): Promise<URL> {
  const page = new URL((await client.get('/login')).headers.get('location')!);
  await client.get(page.href);
  return page;
}

const typeIn = (client: Client, page: URL, name: string, password = PASSWORDS[name]!): Promise<Answer> =>
  client.post(page.href, { form: { name, password } });

/** Reads the form that the provider's page makes the browser post to the application. */
function messageIn({ text }: Answer): Record<string, string> {
  return { SAMLResponse: /name="SAMLResponse" value="([^"]+)"/.exec(text)![1]! };
}

/** Logs in at the provider, and returns the form that the browser would post. */
async function answerFor(client: Client, name: string, fault?: string): Promise<Record<string, string>> {
  const page = await toProvider(client);
  if (fault !== undefined) page.searchParams.set('fault', fault);
  return messageIn(await typeIn(client, page, name));
}

const callBack = (client: Client, form: Record<string, string>): Promise<Answer> => client.post('/login/callback', { form });

async function logIn(client: Client, name = ALICE, fault?: string): Promise<Answer> {
  return callBack(client, await answerFor(client, name, fault));
}

function altered({ SAMLResponse }: Record<string, string>): Record<string, string> {
  const xml = Buffer.from(SAMLResponse!, 'base64').toString().replaceAll(MALLORY, ALICE);
  return { SAMLResponse: Buffer.from(xml).toString('base64') };
}

export const application = defineApplication<undefined>({
  prepare: () => Promise.resolve(undefined),
  secrets: [...Object.values(PASSWORDS), WRONG],
  cases: [
    { name: 'success', drive: (client) => logIn(client), statuses: [302, 200, 200, 302], events: [success] },
    {
      name: 'wrong password',
      drive: async (client) => typeIn(client, await toProvider(client), ALICE, WRONG),
      statuses: [302, 200, 401],
      // The provider asks again, and the application does not notice.
      events: [],
    },
    { name: 'unknown user', drive: (client) => logIn(client, MALLORY), statuses: [302, 200, 200, 302], events: [refused] },
    { name: 'given up', drive: (client) => logIn(client, ALICE, 'refused'), statuses: [302, 200, 200, 500], events: [refused] },
    { name: 'expired', drive: (client) => logIn(client, ALICE, 'expired'), statuses: [302, 200, 200, 500], events: [refused] },
    {
      name: 'invalid',
      drive: async (client) => callBack(client, altered(await answerFor(client, MALLORY))),
      statuses: [302, 200, 200, 500],
      events: [refused],
    },
    {
      name: 'replayed',
      async drive(client) {
        const answer = await answerFor(client, ALICE);
        await callBack(client, answer);
        client.cookies.clear();
        await callBack(client, answer);
      },
      statuses: [302, 200, 200, 302, 500],
      events: [success, refused],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await logIn(client);
        await logIn(client, MALLORY);
        await client.get('/');
      },
      statuses: [302, 200, 200, 302, 302, 200, 200, 302, 200],
      events: [success, refused],
    },
    {
      name: 'again',
      async drive(client) {
        await logIn(client);
        await logIn(client);
      },
      statuses: [302, 200, 200, 302, 302, 200, 200, 302],
      events: [success, success],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/login/callback', 'application/x-www-form-urlencoded'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'logout',
      async drive(client) {
        await logIn(client);
        await client.get('/logout');
      },
      statuses: [302, 200, 200, 302, 302],
      events: [success, { action: 'user.logout', outcome: 'success', account: 'u-1' }],
    },
    {
      name: 'too large',
      drive: (client) => callBack(client, { SAMLResponse: 'A'.repeat(150_000) }),
      statuses: [500],
      events: [refused],
    },
    {
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 4; guess += 1) await callBack(client, { SAMLResponse: 'bm90IHNpZ25lZA==', RelayState: 'guess' });
      },
      statuses: [500, 500, 500, 429],
      events: [refused, refused, refused, { outcome: 'failure', reason: 'rate_limited' }],
    },
  ],
});
