import assert from 'node:assert/strict';
import { CANARIES, cookieOf, is, LOGIN, ok, post, type Row, type Scenario, table } from './scenario.js';

const named = (id: unknown, text: string): Row => ({
  is: text,
  isBare: true,
  does: (x) => (x.setUser({ id }), ok(x)),
  expected: is.success(text, 'user'),
});
const BYTES = Buffer.from('11ef00000000400080000000000000aa', 'hex');

/** The actor, the target and the tenant of an event. */
export const persons: readonly Scenario[] = [
  {
    name: 'a failure has the tried account as its target and no actor',
    async handler(x) {
      x.mark.failure('account_locked', { actor: { id: 'u1', name: 'Ann' }, group: 'acme' });
      await x.json(423, {});
    },
    client: post,
    expected: [
      {
        ...is.failure('marker', 'account_locked'),
        target: { id: 'u1', name: 'Ann', type: 'account' },
        group: { id: 'acme' },
        fields: { group_source: 'claimed' },
      },
    ],
  },
  {
    name: 'a failure for a name without an account has no target',
    handler: async (x) => (x.mark.failure('user_not_found'), x.json(401, {})),
    client: post,
    expected: [{ ...is.failure('marker', 'user_not_found'), target: undefined }],
  },
  {
    name: 'a login names neither the account that was logged in before nor its tenant',
    setup: {
      before: (x) => Promise.resolve(x.kept('userId') === 'u1' ? (x.setUser({ id: 'u1', tenantId: 'acme' }) as undefined) : undefined),
    },
    async handler(x) {
      if ((x.body as typeof LOGIN).password === 'wrong') return x.json(401, {});
      await x.logIn((x.body as typeof LOGIN).username === 'bob' ? 'u2' : 'u1');
      await ok(x);
    },
    async client(client) {
      const cookie = cookieOf(await post(client));
      await post(client, { body: { username: 'bob', password: 'wrong' }, headers: { cookie } });
      await post(client, { body: { username: 'bob', password: 'right' }, headers: { cookie } });
    },
    expected: [
      is.success('u1', 'session'),
      { ...is.failure(), target: undefined, group: undefined },
      { ...is.success('u2', 'session'), group: undefined },
    ],
  },
  table('ids are written in their usual text, and two different ones never become one', [
    named(7, '7'),
    named(12345678901234567890n, '12345678901234567890'),
    named(BYTES, '11ef0000-0000-4000-8000-0000000000aa'),
    named({ toHexString: () => '65f0c0ffee65f0c0ffee65f0' }, '65f0c0ffee65f0c0ffee65f0'),
    { is: 'an object without an id', isBare: true, does: (x) => (x.setUser({ name: 'Ann' }), ok(x)), expected: is.unknown() },
  ]),
  table(
    'a tenant is what means a tenant, never a role or a group',
    [
      { user: { id: 'u1', orgId: 'o1' }, group: { id: 'o1' } },
      { user: { id: 'u1', organization_id: 'o2' }, group: { id: 'o2' } },
      { user: { id: 'u1', tenant: { id: 't1', name: 'Acme' } }, group: { id: 't1', name: 'Acme' } },
      { user: { id: 'u1', role: 'admin', group: 'staff' }, group: undefined },
    ].map(({ user, group }) => ({
      is: JSON.stringify(user),
      isBare: true as const,
      does: (x) => (x.setUser(user), ok(x)),
      expected: { ...is.success('u1', 'user'), group },
    })),
  ),
  table('the typed name is the actor where its credential was right and nothing else names one, unless it may be a password', [
    {
      is: 'a name',
      does: (x) => x.json(200, { token: CANARIES.issued }),
      expected: { ...is.success('ann', 'credential'), fields: { actor_source: 'typed', identity: undefined } },
    },
    {
      is: 'a name with blanks around it',
      body: { username: '  ann ' },
      does: (x) => x.json(200, { token: CANARIES.issued }),
      expected: { ...is.success('ann', 'credential'), fields: { actor_source: 'typed' } },
    },
    {
      is: 'the password',
      body: { username: LOGIN.password },
      does: (x) => x.json(200, { token: CANARIES.issued }),
      expected: {
        is_failure: false,
        is_anonymous: true,
        actor: undefined,
        fields: { outcome: 'success', actor_source: undefined, identity: undefined, identity_withheld: 'looks_like_password' },
      },
    },
  ]),
  {
    name: 'attempts on one name have the same digest, however it is written',
    handler: (x) => x.json(401, {}),
    async client(client) {
      for (const username of ['annabel', ' ANNABEL ', 'annabelle']) await post(client, { body: { ...LOGIN, username } });
    },
    count: 3,
    expected: (events) => {
      const [first, second, third] = events.map(({ fields }) => fields?.['identity_hmac']);
      assert.match(first ?? '', /^[\da-f]{32}$/);
      assert.equal(second, first);
      assert.notEqual(third, first);
    },
  },
  {
    name: 'extractors see the answer, the decoded path and its parameters',
    options: {
      routes: ['GET /magic/:code'],
      actor: ({ params, responseBody }) => (params['code'] === 'a b' ? (responseBody as { who: string }).who : null),
      group: ({ path }) => path.split('/')[2],
    },
    handler: async (x) => (x.header('x-auth-token', CANARIES.issued), x.json(200, { who: 'u5' })),
    client: (client) => client.send('GET', '/magic/a%20b'),
    expected: [{ ...is.success('u5', 'credential'), group: { id: 'a b' }, fields: { group_source: 'resolved' } }],
  },
  {
    name: 'an extractor that throws or returns an invalid value affects only its part of the event',
    options: {
      actor: () => {
        throw new Error('boom');
      },
      method: () => ({}) as never,
      factors: () => [Symbol('f')] as never,
    },
    handler: async (x) => (await x.logIn('u1'), ok(x)),
    client: post,
    expected: [is.success('u1', 'session')],
    problems: [/ERR_AUDIT_EXTRACTOR.*"actor" threw/],
  },
];
