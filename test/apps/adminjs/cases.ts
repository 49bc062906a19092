import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';
const PASSWORDS: Record<string, string> = { [ALICE]: 'correct-horse-battery', [BOB]: 'purple-monkey-dishwasher' };
const WRONG = 'incorrect-horse-battery';

/** AdminJS limits attempts by the address that a proxy reports, so each attempt has its own address. */
let address = 0;

function logIn(client: Client, email: string, password = PASSWORDS[email] ?? WRONG, from = (address += 1)): Promise<Answer> {
  return client.post('/admin/login', { form: { email, password }, headers: { 'x-forwarded-for': `2001:db8:${from.toString(16)}::1` } });
}

const success = (account: string): ExpectedEvent => ({ outcome: 'success', account });
const refused = (typed: string): ExpectedEvent => ({ outcome: 'failure', typed });

export const application = defineApplication<undefined>({
  heavy: true,
  prepare: () => Promise.resolve(undefined),
  secrets: [...Object.values(PASSWORDS), WRONG],
  cases: [
    { name: 'success', drive: (client) => logIn(client, ALICE), statuses: [302], events: [success('u-1')] },
    { name: 'wrong password', drive: (client) => logIn(client, ALICE, WRONG), statuses: [200], events: [refused(ALICE)] },
    {
      name: 'unknown user',
      drive: (client) => logIn(client, 'nobody@example.com'),
      statuses: [200],
      events: [refused('nobody@example.com')],
    },
    { name: 'error', drive: (client) => logIn(client, 'broken@example.com'), statuses: [400], events: [refused('broken@example.com')] },
    {
      name: 'invalid',
      drive: (client) => client.post('/admin/login', { form: { email: ALICE } }),
      statuses: [200],
      events: [refused(ALICE)],
    },
    {
      name: 'sent back',
      async drive(client) {
        await client.get('/admin/resources/users?page=2');
        await logIn(client, ALICE);
      },
      statuses: [302, 302],
      events: [success('u-1')],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await logIn(client, ALICE);
        await logIn(client, BOB, WRONG);
        await logIn(client, BOB);
        await client.get('/admin');
      },
      statuses: [302, 200, 302, 200],
      events: [success('u-1'), refused(BOB), success('u-2')],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/admin/login', 'application/x-www-form-urlencoded'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'logout',
      async drive(client) {
        await logIn(client, ALICE);
        await client.get('/admin/logout');
      },
      statuses: [302, 302],
      events: [success('u-1'), { action: 'user.logout', outcome: 'success' }],
    },
    {
      name: 'limited',
      async drive(client) {
        const from = (address += 1);
        for (let guess = 1; guess <= 4; guess += 1) await logIn(client, ALICE, `${WRONG}-${guess}`, from);
      },
      // The page shows the message.
      statuses: [200, 200, 200, 200],
      events: [1, 2, 3, 4].map(() => refused(ALICE)),
    },
  ],
});
