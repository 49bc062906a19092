import { is, post, type Row, type Scenario, table } from './scenario.js';

const to = (target: string, expected: Row['expected'], path = '/login'): Row => ({
  is: `${path} to ${target}`,
  path,
  does: (x) => x.redirect(target),
  expected,
});

/** The evidence of redirects. */
export const redirects: readonly Scenario[] = [
  table('a redirect to the login page, or with an error that the request did not bring, is a failure', [
    to('/login', is.failure('redirect', 'invalid_credentials')),
    to('/sign-in', is.failure('redirect')),
    to('/?error=role', is.failure('redirect')),
    to('/welcome?login_error=1', is.failure('redirect')),
  ]),
  table('a redirect to a page for a further factor is a challenge', [
    to('/mfa', is.challenge('redirect')),
    to('/2fa?next=%2F', is.challenge('redirect')),
    to('/login/totp', is.challenge('redirect')),
    to('/account/two-factor', is.challenge('redirect')),
  ]),
  table('other words in a path prove nothing', [
    to('/unlocked', is.unknown()),
    to('/account-locked', is.unknown()),
    to('/failed-jobs', is.unknown()),
    to('/errors', is.unknown()),
  ]),
  {
    name: 'a target that the client chose proves nothing',
    handler: (x) => x.redirect('/jobs?error=1'),
    client: (client) => client.send('POST', '/login?next=%2Fjobs%3Ferror%3D1', { body: { username: 'ann', password: 'x' } }),
    expected: [is.unknown()],
  },
  ...['/jobs?error=1', '/mfa', '/login'].map((next): Scenario => ({
    name: `a session with an owner behind a redirect to ${next}, which the body asked for, stays a success`,
    async handler(x) {
      await x.logIn('u1');
      await x.redirect((x.body as { next: string }).next);
    },
    client: (client) => post(client, { body: { username: 'ann', password: 'x', next } }),
    expected: [is.success('u1', 'session')],
  })),
  {
    name: 'a session that got an owner stays a success with a redirect that the client chose',
    async handler(x) {
      await x.logIn('u1');
      await x.redirect('/jobs?error=1');
    },
    client: (client) => client.send('POST', '/login?returnTo=%2Fjobs%3Ferror%3D1', { body: { username: 'ann', password: 'x' } }),
    expected: [is.success('u1', 'session')],
  },
  table(
    "the application's redirects are heard",
    [
      to('/in', is.success('ann', 'redirect')),
      to('/out', is.failure('redirect')),
      to('/code', is.challenge('redirect')),
      to('/elsewhere', is.unknown()),
    ],
    { options: { redirects: { success: ['/in'], failure: ['/out'], challenge: ['/code'] } } },
  ),
  {
    name: "a failure by the application's rule outranks a session with an owner, which the event names as contrary",
    options: { redirects: { failure: ['/no-role'] } },
    async handler(x) {
      await x.logIn('u1');
      await x.redirect('/no-role');
    },
    client: post,
    expected: [{ ...is.failure('redirect'), fields: { outcome: 'failure', evidence: 'redirect', contrary: 'session:success' } }],
  },
];
