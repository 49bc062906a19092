import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORDS = { alice: 'correct-horse-battery', bob: 'purple-monkey-dishwasher' };
const WRONG = 'incorrect-horse-battery';

type Account = keyof typeof PASSWORDS;

/** The redirects between the application and the provider if nobody is logged in at the provider. */
const AT_PROVIDER = [302, 303, 200, 303, 303];
/** The redirects if somebody is logged in at the provider. */
const SINGLE_SIGN_ON = [302, 303];

const success = (account: Account): ExpectedEvent => ({ outcome: 'success', account });
const refused: ExpectedEvent = { outcome: 'failure' };

/** Follows redirects from an address to the first page, or to the callback of the application, which it does not request. */
async function follow(client: Client, from: URL): Promise<URL> {
  let at = from;
  for (;;) {
    if (at.pathname === '/callback') return at;
    const answer = await client.get(at.href);
    if (answer.status >= 400) throw new Error(`${at.pathname} answered ${answer.status}`);
    if (answer.status < 300) return at;
    at = targetOf(answer, at);
  }
}

function targetOf(answer: Answer, from: URL): URL {
  const location = answer.headers.get('location');
  if (location === null) throw new Error(`${from.pathname} answered ${answer.status} and no redirect`);
  return new URL(location, from);
}

const toProvider = (client: Client, path = '/login'): Promise<URL> => follow(client, new URL(path, client.base));

async function callbackOf(client: Client, account: Account): Promise<URL> {
  const page = await toProvider(client);
  const answer = await client.post(page.href, { form: { name: account, password: PASSWORDS[account] } });
  return follow(client, targetOf(answer, page));
}

async function logIn(client: Client, account: Account): Promise<void> {
  await client.get((await callbackOf(client, account)).href);
}

export const application = defineApplication<undefined>({
  prepare: () => Promise.resolve(undefined),
  secrets: [...Object.values(PASSWORDS), WRONG],
  cases: [
    { name: 'success', drive: (client) => logIn(client, 'alice'), statuses: [...AT_PROVIDER, 302], events: [success('alice')] },
    {
      name: 'wrong password',
      async drive(client) {
        await client.post((await toProvider(client)).href, { form: { name: 'alice', password: WRONG } });
      },
      statuses: [302, 303, 200, 401],
      // The provider asks again, and the application does not notice.
      events: [],
    },
    {
      name: 'unknown user',
      async drive(client) {
        await client.post((await toProvider(client)).href, { form: { name: 'nobody', password: WRONG } });
      },
      statuses: [302, 303, 200, 401],
      events: [],
    },
    {
      name: 'given up',
      async drive(client) {
        const page = await toProvider(client);
        const answer = await client.post(`${page.href}/abort`);
        await client.get((await follow(client, targetOf(answer, page))).href);
      },
      statuses: [302, 303, 200, 303, 303, 400],
      events: [refused],
    },
    {
      name: 'invalid',
      async drive(client) {
        const callback = await callbackOf(client, 'alice');
        callback.searchParams.set('state', 'of-another-browser');
        await client.get(callback.href);
      },
      statuses: [...AT_PROVIDER, 400],
      events: [refused],
    },
    {
      name: 'replayed',
      async drive(client) {
        const callback = await callbackOf(client, 'alice');
        await client.get(callback.href);
        client.cookies.clear();
        await client.get(callback.href);
      },
      statuses: [...AT_PROVIDER, 302, 400],
      events: [success('alice'), refused],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await logIn(client, 'alice');
        const callback = await toProvider(client);
        callback.searchParams.set('code', 'guessed');
        await client.get(callback.href);
        await client.get('/profile');
      },
      statuses: [...AT_PROVIDER, 302, ...SINGLE_SIGN_ON, 400, 200],
      events: [success('alice'), refused],
    },
    {
      name: 'other account',
      async drive(client) {
        await logIn(client, 'alice');
        for (const name of client.cookies.keys()) if (name.startsWith('_')) client.cookies.delete(name);
        await logIn(client, 'bob');
      },
      statuses: [...AT_PROVIDER, 302, ...AT_PROVIDER, 302],
      events: [success('alice'), success('bob')],
    },
    {
      name: 'silent',
      async drive(client) {
        await client.get((await toProvider(client, '/silent')).href);
      },
      statuses: [302, 303, 302],
      // The provider reports that nobody is logged in, and the application continues without a login.
      events: [refused],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/callback', 'application/x-www-form-urlencoded'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'refresh',
      async drive(client) {
        await logIn(client, 'alice');
        await client.get('/refresh');
      },
      statuses: [...AT_PROVIDER, 302, 200],
      events: [success('alice')],
    },
    {
      name: 'logout',
      async drive(client) {
        await logIn(client, 'alice');
        await client.get('/logout');
      },
      statuses: [...AT_PROVIDER, 302, 302],
      events: [success('alice'), { action: 'user.logout', outcome: 'success', account: 'alice' }],
    },
    {
      name: 'limited',
      async drive(client) {
        for (let guess = 1; guess <= 4; guess += 1) await client.get(`/callback?code=${guess}&state=forged`);
      },
      statuses: [400, 400, 400, 429],
      events: [refused, refused, refused, { outcome: 'failure', reason: 'rate_limited' }],
    },
  ],
});
