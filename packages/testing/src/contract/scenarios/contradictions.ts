import { is, type Row, type Scenario, table } from './scenario.js';

const loggedIn =
  (answer: Row['does']): Row['does'] =>
  async (x) => {
    await x.logIn('u1');
    return answer(x);
  };
const about = { target: { id: 'u1', type: 'account' } } as const;

/** Contradicting evidence. */
export const contradictions: readonly Scenario[] = [
  table('a session with an owner behind an answer that refuses proves neither, and names its account', [
    { is: '403', does: loggedIn((x) => x.json(403, {})), expected: { ...is.unknown('session,status'), ...about } },
    { is: '423', does: loggedIn((x) => x.json(423, {})), expected: { ...is.unknown('session,status'), ...about } },
    {
      is: 'the login page',
      does: loggedIn((x) => x.redirect('/login?error=role')),
      expected: { ...is.unknown('session,redirect'), ...about },
    },
    { is: 'an error', does: loggedIn((x) => x.redirect('/?error=role')), expected: { ...is.unknown('session,redirect'), ...about } },
    {
      is: '{success: false}',
      does: loggedIn((x) => x.json(200, { success: false })),
      expected: { ...is.unknown('session,body'), ...about },
    },
    { is: 'a token and 401', does: (x) => x.json(401, { token: 'a-token-of-this-answer' }), expected: is.unknown('credential,status') },
  ]),
  table('a session whose owner is taken out again is a failure', [
    {
      is: '403',
      does: loggedIn(async (x) => (await x.logOut(), x.json(403, {}))),
      expected: is.failure(),
    },
  ]),
];
