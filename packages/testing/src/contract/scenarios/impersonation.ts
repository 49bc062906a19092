import { cookieOf, LOGIN, post, type Scenario } from './scenario.js';

const rules = [
  { match: '/impersonate', action: 'user.impersonate.start' },
  { match: '/unimpersonate', action: 'user.impersonate.stop' },
  { match: '/password', action: 'user.password.change' },
  { match: '/logout', action: 'user.logout' },
] as const;

/** Actions of accounts that are logged in: logout, password change, impersonation. */
export const impersonation: readonly Scenario[] = [
  {
    name: 'the actor of a logout by a rule is the account that was logged in',
    options: { rules: [...rules] },
    async handler(x) {
      if ((x.body as { out?: boolean }).out) await x.logOut();
      else await x.logIn('u1');
      await x.redirect('/');
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await client.send('POST', '/logout', { body: { out: true }, headers: { cookie } });
    },
    expected: [
      { action: 'user.login', fields: { outcome: 'success' } },
      { action: 'user.logout', crud: 'd', is_failure: false, actor: { id: 'u1' }, fields: { outcome: 'success', evidence: 'session' } },
    ],
  },
  {
    name: 'each event of a session under impersonation names the account that really acts, until it ends',
    options: { rules: [...rules] },
    async handler(x) {
      const { as, back, still } = x.body as { as?: string; back?: boolean; still?: boolean };
      if (as !== undefined) x.keep('impersonator', x.kept('userId'));
      if (back) x.keep('impersonator', undefined);
      if (!still) x.keep('userId', as ?? 'admin');
      await x.redirect('/');
    },
    async client(client) {
      let cookie = cookieOf(await post(client));
      for (const [path, body] of [
        ['/impersonate', { as: 'u1' }],
        ['/password', { still: true }],
        ['/unimpersonate', { back: true }],
        ['/password', { still: true }],
      ] as const) {
        const answer = await client.send('POST', path, { body, headers: { cookie } });
        // A session that is stored in its cookie gets a new cookie with each answer.
        if (answer !== 'aborted' && answer.headers['set-cookie'] !== undefined) cookie = cookieOf(answer);
      }
    },
    expected: [
      { actor: { id: 'admin' }, fields: { original_actor: undefined } },
      {
        action: 'user.impersonate.start',
        actor: { id: 'admin' },
        target: { id: 'u1', type: 'account' },
        fields: { outcome: 'success', original_actor: 'admin' },
      },
      { action: 'user.password.change', actor: { id: 'u1' }, fields: { original_actor: 'admin' } },
      {
        action: 'user.impersonate.stop',
        actor: { id: 'admin' },
        target: { id: 'u1', type: 'account' },
        fields: { original_actor: 'admin' },
      },
      { action: 'user.password.change', actor: { id: 'admin' }, fields: { original_actor: undefined } },
    ],
  },
  {
    name: 'a password change by a marker under impersonation names the account that really acts',
    async handler(x) {
      x.mark.failure('wrong_password', { action: 'user.password.change', actor: 'u1', originalActor: 'admin' });
      await x.json(403, {});
    },
    client: (client) => client.send('POST', '/password', { body: LOGIN }),
    expected: [
      {
        action: 'user.password.change',
        crud: 'u',
        is_failure: true,
        actor: { id: 'u1' },
        description: 'Password change failed',
        fields: { reason: 'wrong_password', original_actor: 'admin' },
      },
    ],
  },
];
