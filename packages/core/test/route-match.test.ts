import { routeMatcher } from '../src/attempt/route-match.js';

const path = '/authentication';
const request = (methods: string[], carriesCredential = true) => ({ methods, paths: [path], carriesCredential, hasGrant: false });

describe('a path that has one action by POST and another by DELETE', () => {
  const { actionOf } = routeMatcher(undefined, [
    { match: `DELETE ${path}`, action: 'user.logout' },
    { match: `POST ${path}`, action: 'user.login' },
  ]);

  it.each([
    ['POST', 'user.login'],
    ['DELETE', 'user.logout'],
    ['PUT', 'user.login'],
  ])('takes a %s with a credential for %s', (method, action) => expect(actionOf(request([method]))).toBe(action));

  it('takes a PUT without a credential for nothing', () => expect(actionOf(request(['PUT'], false))).toBeUndefined());
});

it('takes a credential on the path of a logout for no logout', () => {
  const { actionOf } = routeMatcher(['POST /login'], [{ match: `DELETE ${path}`, action: 'user.logout' }]);
  expect(actionOf(request(['POST']))).toBeUndefined();
});
