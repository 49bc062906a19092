import { cookieOf, is, ok, post, type Scenario } from './scenario.js';

const onAnn = { target: { id: 'u1', type: 'account' } } as const;

/** Second factors: requested, failed and completed. */
export const secondFactor: readonly Scenario[] = [
  {
    name: 'a session with an owner that is sent to a second factor is a challenge about its account',
    async handler(x) {
      await x.logIn('u1');
      await x.redirect('/2fa');
    },
    client: post,
    expected: [{ ...is.challenge('redirect'), ...onAnn }],
  },
  {
    name: 'a session with an owner and {mfaRequired: true} is a challenge about its account',
    async handler(x) {
      await x.logIn('u1');
      await x.json(200, { mfaRequired: true });
    },
    client: post,
    expected: [{ ...is.challenge('body'), ...onAnn }],
  },
  {
    name: 'a challenge by a marker is followed by a success',
    handler: async (x) => ((x.body as { otp?: string }).otp ? x.mark.success({ actor: 'u1' }) : x.mark.challenge({ actor: 'u1' }), ok(x)),
    client: async (client) => [await post(client), await post(client, { body: { otp: '1' } })],
    expected: [{ ...is.challenge('marker'), ...onAnn }, is.success('u1', 'marker')],
  },
  {
    name: 'a challenge that is abandoned stays a challenge',
    handler: async (x) => (x.mark.challenge({ actor: 'u1' }), ok(x)),
    client: async (client) => [await post(client), await client.send('GET', '/login')],
    expected: [is.challenge('marker')],
  },
  {
    name: 'a wrong code on a route with a rule is a failed challenge; the right one completes the login, with its factors',
    options: {
      rules: [{ match: '/mfa', action: 'user.login.challenge' }],
      factors: ({ status }) => (status === 200 ? ['password', 'totp'] : null),
    },
    async handler(x) {
      if (!(x.body as { right?: boolean }).right) return x.json(401, {});
      await x.logIn('u1');
      await ok(x);
    },
    client: async (client) => [
      await client.send('POST', '/mfa', { body: { code: '1' } }),
      await client.send('POST', '/mfa', { body: { code: '2', right: true } }),
    ],
    expected: [
      { action: 'user.login.challenge', is_failure: true, is_anonymous: true, fields: { outcome: 'failure', reason: 'mfa_failed' } },
      { action: 'user.login', actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'session', factors: 'password,totp' } },
    ],
  },
  {
    name: 'a pending account becomes the owner when the code is right',
    options: { rules: [{ match: '/mfa', action: 'user.login.challenge' }] },
    async handler(x) {
      if ((x.body as { code?: string }).code === undefined) return void (x.keep('pendingUserId', 'u1'), await x.redirect('/mfa'));
      x.keep('userId', x.kept('pendingUserId'));
      await x.redirect('/');
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await client.send('POST', '/mfa', { body: { code: '1' }, headers: { cookie } });
    },
    expected: [{ ...is.challenge('redirect'), target: undefined }, is.success('u1', 'session')],
  },
];
