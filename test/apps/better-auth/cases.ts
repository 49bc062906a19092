import { createHmac } from 'node:crypto';
import { defineApplication, type ExpectedEvent } from '../harness/application.js';
import type { Answer, Client } from '../harness/client.js';

const PASSWORD = 'correct-horse-battery';
const CHANGED = 'correct-horse-staple';
const WRONG = 'incorrect-horse-battery';
const ALICE = 'alice@example.com';
const BOB = 'bob@example.com';
const CAROL = 'carol@example.com';
const ERIN = 'erin@example.com';
const NOBODY = 'nobody@example.com';

/** The accounts' ids, and the key of Bob's second factor. */
interface World {
  alice: string;
  bob: string;
  carol: string;
  erin: string;
  totp: string;
}

/** Better Auth limits attempts by the address that a proxy reports, so each case has its own address. */
let address = 0;

function post(client: Client, path: string, json: unknown, from = (address += 1)): Promise<Answer> {
  return client.post(`/api/auth${path}`, { json, headers: { origin: client.base, 'x-forwarded-for': `2001:db8:${from.toString(16)}::1` } });
}

const signUp = (client: Client, email: string): Promise<Answer> =>
  post(client, '/sign-up/email', { name: email, username: email.replace(/@.*/, ''), email, password: PASSWORD });
const signIn = (client: Client, email: string, password: string, from?: number): Promise<Answer> =>
  post(client, '/sign-in/email', { email, password }, from);

async function mailedTo(client: Client, email: string): Promise<string> {
  const token = (await client.get(`/outbox/${email}`)).at('token');
  client.secrets.add(token);
  return token;
}

/** The current code (RFC 6238) for the key of an `otpauth:` address. */
function codeOf(key: string): string {
  const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = digest[19]! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A code that is not the current one. */
const wrongCodeOf = (key: string): string => String((Number(codeOf(key)) + 123_456) % 1_000_000).padStart(6, '0');

const success = (account: string): ExpectedEvent => ({ outcome: 'success', account });
// Better Auth parses the body itself, so the application does not know the typed name.
const refused: ExpectedEvent = { outcome: 'failure' };
const invalid: ExpectedEvent = { ...refused, reason: 'invalid_credentials' };

export const application = defineApplication<World>({
  secrets: [PASSWORD, CHANGED, WRONG],
  async prepare(client) {
    const alice = (await signUp(client, ALICE)).at('user', 'id');
    const carol = (await signUp(client, CAROL)).at('user', 'id');
    const erin = (await signUp(client, ERIN)).at('user', 'id');
    const bob = (await signUp(client, BOB)).at('user', 'id');
    const totp = new URL((await post(client, '/two-factor/enable', { password: PASSWORD })).at('totpURI')).searchParams.get('secret')!;
    await post(client, '/two-factor/verify-totp', { code: codeOf(totp) });
    return { alice, bob, carol, erin, totp };
  },
  cases: [
    {
      name: 'success',
      drive: (client) => signIn(client, ALICE, PASSWORD),
      statuses: [200],
      events: ({ alice }) => [success(alice)],
    },
    {
      name: 'user name',
      drive: (client) => post(client, '/sign-in/username', { username: 'alice', password: PASSWORD }),
      statuses: [200],
      events: ({ alice }) => [success(alice)],
    },
    { name: 'wrong password', drive: (client) => signIn(client, ALICE, WRONG), statuses: [401], events: [invalid] },
    { name: 'unknown user', drive: (client) => signIn(client, NOBODY, WRONG), statuses: [401], events: [invalid] },
    {
      name: 'invalid',
      async drive(client) {
        await post(client, '/sign-in/email', { email: ALICE });
        await post(client, '/sign-in/email', { email: 'alice', password: WRONG });
      },
      statuses: [400, 400],
      events: [refused, refused],
    },
    {
      name: 'foreign origin',
      drive: (client) =>
        client.post('/api/auth/sign-in/email', { json: { email: ALICE, password: PASSWORD }, headers: { origin: 'https://evil.example' } }),
      statuses: [403],
      events: [refused],
    },
    {
      name: 'somebody is in',
      async drive(client) {
        await signIn(client, ALICE, PASSWORD);
        await signIn(client, CAROL, WRONG);
        await signIn(client, CAROL, PASSWORD);
        await client.get('/api/auth/get-session');
      },
      statuses: [200, 401, 200, 200],
      events: ({ alice, carol }) => [success(alice), invalid, success(carol)],
    },
    {
      name: 'sign-up',
      drive: (client) => signUp(client, 'dave@example.com'),
      statuses: [200],
      // A sign-up is no login.
      events: [],
    },
    {
      name: 'second factor',
      async drive(client, { totp }) {
        await signIn(client, BOB, PASSWORD);
        await post(client, '/two-factor/verify-totp', { code: wrongCodeOf(totp) });
        await post(client, '/two-factor/verify-totp', { code: codeOf(totp) });
      },
      statuses: [200, 401, 200],
      events: ({ bob }) => [
        { outcome: 'challenge' },
        { action: 'user.login.challenge', outcome: 'failure', reason: 'mfa_failed' },
        success(bob),
      ],
    },
    {
      name: 'magic link',
      async drive(client) {
        await post(client, '/sign-in/magic-link', { email: ERIN });
        const token = await mailedTo(client, ERIN);
        await client.get(`/api/auth/magic-link/verify?token=${token}`);
        await client.get(`/api/auth/magic-link/verify?token=${token}`);
      },
      statuses: [200, 200, 200, 302],
      // Sending a link proves nothing.
      events: ({ erin }) => [{ outcome: 'unknown' }, success(erin), refused],
    },
    {
      name: 'aborted',
      drive: (client) => client.hangUp('/api/auth/sign-in/email'),
      statuses: [],
      events: [{ outcome: 'failure', ending: 'aborted' }],
    },
    {
      name: 'refresh',
      async drive(client) {
        await signIn(client, ALICE, PASSWORD);
        await client.get('/api/auth/get-session?disableCookieCache=true');
      },
      statuses: [200, 200],
      events: ({ alice }) => [success(alice)],
    },
    {
      name: 'logout',
      async drive(client) {
        await signIn(client, ALICE, PASSWORD);
        await post(client, '/sign-out', {});
      },
      statuses: [200, 200],
      events: ({ alice }) => [success(alice), { action: 'user.logout', outcome: 'success' }],
    },
    {
      name: 'new password',
      async drive(client) {
        await post(client, '/request-password-reset', { email: CAROL });
        await post(client, '/reset-password', { token: await mailedTo(client, CAROL), newPassword: CHANGED });
        await signIn(client, CAROL, PASSWORD);
        await signIn(client, CAROL, CHANGED);
      },
      statuses: [200, 200, 200, 401, 200],
      events: ({ carol }) => [{ action: 'user.password.reset', outcome: 'success' }, invalid, success(carol)],
    },
    {
      name: 'limited',
      async drive(client) {
        const from = (address += 1);
        for (let guess = 1; guess <= 4; guess += 1) await signIn(client, NOBODY, `${WRONG}-${guess}`, from);
      },
      statuses: [401, 401, 401, 429],
      events: [...[1, 2, 3].map(() => invalid), { outcome: 'failure', reason: 'rate_limited' }],
    },
  ],
});
