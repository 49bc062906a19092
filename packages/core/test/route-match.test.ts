import { pathsOf, routeMatcher } from '../src/attempt/route-match.js';

const path = '/authentication';
const request = (methods: string[], carriesCredential = true) => ({ methods, paths: [path], carriesCredential, asksForToken: false });

describe('a path that has one action by POST and another by DELETE', () => {
  const { actionOf } = routeMatcher(undefined, [
    { match: `DELETE ${path}`, action: 'user.logout' },
    { match: `POST ${path}`, action: 'user.login' },
  ]);

  it.each([
    ['POST', 'user.login'],
    ['DELETE', 'user.logout'],
    ['PUT', 'user.login'],
  ])('reads a %s with a credential as %s', (method, action) => expect(actionOf(request([method]))).toBe(action));

  it('does not audit a PUT without a credential', () => expect(actionOf(request(['PUT'], false))).toBeUndefined());
});

it('does not read a request with a credential as a logout', () => {
  const { actionOf } = routeMatcher(['POST /login'], [{ match: `DELETE ${path}`, action: 'user.logout' }]);
  expect(actionOf(request(['POST']))).toBeUndefined();
});

it.each([
  ['/login', ['/login']],
  ['/t/:tenant/login', ['/t/:tenant/login']],
  ['/t/:tenant?/login', ['/t/:tenant?/login']],
  ['/auth/*splat', ['/auth/*splat', '/a/login']],
  ['/auth/:action', ['/auth/:action', '/a/login']],
  ['/login|signin', ['/login|signin', '/a/login']],
  ['/(login|signin)', ['/(login|signin)', '/a/login']],
  ['/sign-?in', ['/sign-?in', '/a/login']],
  [undefined, ['/a/login']],
])('adds the matched path to the pattern %s if that does not say what matched', (pattern, paths) => {
  expect(pathsOf('/a/login', [{ pattern, matched: '/a/login' }])).toEqual(paths);
});
