import fc from 'fast-check';
import { endsInLoginWord, isLoginPath, looseForms } from '../src/attempt/login-routes.js';

const NONE = { carriesCredential: false, asksForToken: false };

it.each([
  ...['/login', '/LOGIN/', '/log-in', '/log_in', '/logon', '/log-on', '/signin', '/sign-in', '/users/sign_in', '/api/authenticate'],
  ...[
    '/authentication',
    '/login/password',
    '/login/code',
    '/login/magic-link',
    '/login/passkey',
    '/api/auth/sign-in/email',
    '/api/auth/signin/github',
  ],
  ...['/auth/local', '/v1/api/auth/local', '/api/auth/callback/credentials', '/login.data', '/users/login.json', '//login//'],
  ...['/trpc/auth.login', '/trpc/auth.signIn', '/trpc/post.list,auth.login', '/rpc/Auth.Login.json'],
])('POST %s is a login', (path) => expect(isLoginPath(path, NONE)).toBe(true));

it.each([
  ...['/', '', '/profile', '/logins', '/login-history', '/loginx', '/mylogin', '/api/auth/local/register', '/callback/github', '/local'],
  ...['/session', '/v1/sessions', '/checkout/session', '/trainings/7/sessions', '/token', '/oauth/token', '/devices/token', '/logout'],
  ...['/trpc/post.list', '/trpc/.login', '/login/a/b', '/authentication/x', '/files/report.json', '/graphql'],
])('POST %s is not a login by itself', (path) => expect(isLoginPath(path, NONE)).toBe(false));

it.each([
  ...['/session', '/v1/sessions', '/api/Sessions/', '/auth', '/api/auth'],
  ...['/user-login', '/userLogin', '/admin_login', '/doSignin', '/loginUser', '/login-with-otp', '/process-log-in', '/userauthenticate'],
])('POST %s is a login with a credential', (path) => {
  expect(isLoginPath(path, { ...NONE, carriesCredential: true })).toBe(true);
  expect(isLoginPath(path, { ...NONE, asksForToken: true })).toBe(false);
});

it.each([
  '/plugins',
  '/xlogin',
  '/mylogin',
  '/document-signing',
  '/logins',
  '/login-history',
  '/change-login',
  '/update_login',
  '/authors',
  '/auth/keys',
  '/oauth',
])('POST %s is no login, even with a credential', (path) => expect(isLoginPath(path, { ...NONE, carriesCredential: true })).toBe(false));

it.each(['/token', '/oauth/token', '/connect/token/'])('POST %s is a login if it asks for a token', (path) => {
  expect(isLoginPath(path, { ...NONE, asksForToken: true })).toBe(true);
  expect(isLoginPath(path, { ...NONE, carriesCredential: true })).toBe(false);
});

it.each<[string, boolean]>([
  ['/login', true],
  ['/help/login/', true],
  ['/users/Sign_In', true],
  ['/login.data', true],
  ['/user-login', true],
  ['/change-of-login-policy', false],
  ['/auth', false],
  ['/sessions', false],
  ['/login/password', false],
  ['/unlocked', false],
  ['/account/sessions', false],
  ['/', false],
  ['', false],
])('checks the last word of %s', (path, expected) => expect(endsInLoginWord(path)).toBe(expected));

it.each([
  ...[
    '/login',
    '/LogIn',
    '/login?next=%2Flogin',
    'http://other.example/login',
    'HTTPS://other.example:8080/login#x',
    '/login\\#',
    '\\login',
  ],
  ...[
    '/%6Cogin',
    '/log%69n',
    '//login',
    '/login;a=b',
    '/login;a=b?c',
    '/a;b/../login',
    '/./login',
    '/login%3Fx',
    '/%ff/../login',
    '%2Flogin',
  ],
])('%s may mean /login', (target) => expect(looseForms(target).map((form) => form.replace(/(.)\/$/, '$1'))).toContain('/login'));

it.each(['/log%2569n', '/a/login', '/', '*', 'other.example:443', ''])('%s does not mean /login', (target) =>
  expect(looseForms(target)).not.toContain('/login'),
);

it('gives a few paths in lower case for any target', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true, withFragments: true })), (target) => {
      const forms = looseForms(target);
      expect(forms.length).toBeLessThanOrEqual(12);
      for (const form of forms) expect(form).toMatch(/^\//);
      for (const form of forms) isLoginPath(form, NONE);
    }),
  );
});

it('finds the path however it is encoded', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (which) => {
      const target = Array.from('login', (letter, i) => (which[i] ? `%${letter.charCodeAt(0).toString(16)}` : letter)).join('');
      expect(looseForms(`/${target}`)).toContain('/login');
    }),
  );
});

it('reads a target of a megabyte from its end only', () => {
  expect(isLoginPath(`/${'a'.repeat(1e6)}/login`, NONE)).toBe(true);
  expect(looseForms(`/${';'.repeat(1e5)}/${'../'.repeat(1e5)}login`)).toContain('/login');
});
