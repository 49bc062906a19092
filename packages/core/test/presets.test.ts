import { PRESETS, type PresetName } from '../src/attempt/presets.js';
import { parseRoute, routeMatcher } from '../src/attempt/route-match.js';

const matcherOf = (name: PresetName): ((request: string) => string | undefined) => {
  const { actionOf } = routeMatcher([...PRESETS[name].routes], [...PRESETS[name].rules]);
  return (request) => {
    const { method, path } = parseRoute(request);
    return actionOf({ methods: [method], paths: [path], carriesCredential: false, asksForToken: false });
  };
};

// The paths of the libraries, mounted as their guides mount them.
it.each<[PresetName, string, string | undefined]>([
  ['better-auth', 'POST /api/auth/sign-in/email', 'user.login'],
  ['better-auth', 'POST /sign-in/username', 'user.login'],
  ['better-auth', 'GET /api/auth/magic-link/verify', 'user.login'],
  ['better-auth', 'GET /api/auth/callback/github', 'user.login'],
  ['better-auth', 'POST /api/auth/passkey/verify-authentication', 'user.login'],
  ['better-auth', 'POST /api/auth/two-factor/verify-totp', 'user.login.challenge'],
  ['better-auth', 'POST /api/auth/sign-out', 'user.logout'],
  ['better-auth', 'POST /api/auth/change-password', 'user.password.change'],
  ['better-auth', 'POST /api/auth/reset-password', 'user.password.reset'],
  ['better-auth', 'POST /api/auth/email-otp/reset-password', 'user.password.reset'],
  ['better-auth', 'POST /api/auth/admin/impersonate-user', 'user.impersonate.start'],
  ['better-auth', 'POST /api/auth/admin/stop-impersonating', 'user.impersonate.stop'],
  ['better-auth', 'POST /api/auth/sign-in/magic-link', undefined],
  ['better-auth', 'GET /api/auth/get-session', undefined],
  ['better-auth', 'POST /api/auth/request-password-reset', undefined],
  ['authjs', 'POST /auth/callback/credentials', 'user.login'],
  ['authjs', 'GET /api/auth/callback/github', 'user.login'],
  ['authjs', 'POST /auth/signout', 'user.logout'],
  ['authjs', 'GET /auth/session', undefined],
  ['authjs', 'POST /auth/signin/github', undefined],
  ['strapi', 'POST /api/auth/local', 'user.login'],
  ['strapi', 'POST /admin/login', 'user.login'],
  ['strapi', 'POST /api/auth/logout', 'user.logout'],
  ['strapi', 'POST /api/auth/refresh', 'user.session.refresh'],
  ['strapi', 'POST /admin/access-token', 'user.session.refresh'],
  ['strapi', 'POST /api/auth/local/register', undefined],
  ['directus', 'POST /auth/login', 'user.login'],
  ['directus', 'POST /auth/login/ldap', 'user.login'],
  ['directus', 'GET /auth/login/keycloak/callback', 'user.login'],
  ['directus', 'POST /auth/refresh', 'user.session.refresh'],
  ['directus', 'POST /auth/logout', 'user.logout'],
  ['directus', 'POST /auth/password/reset', 'user.password.reset'],
  ['directus', 'POST /auth/password/request', undefined],
  ['feathers', 'POST /authentication', 'user.login'],
  ['feathers', 'DELETE /authentication', 'user.logout'],
  ['supertokens', 'POST /auth/signin', 'user.login'],
  ['supertokens', 'POST /auth/tenant1/signinup/code/consume', 'user.login'],
  ['supertokens', 'POST /auth/signinup/code', undefined],
  ['supertokens', 'POST /auth/session/refresh', 'user.session.refresh'],
  ['supertokens', 'POST /auth/user/password/reset/token', undefined],
  ['unleash', 'POST /auth/simple/login', 'user.login'],
  ['unleash', 'POST /logout', 'user.logout'],
  ['node-red', 'POST /auth/token', 'user.login'],
  ['node-red', 'POST /red/auth/revoke', 'user.logout'],
  ['oidc', 'GET /callback', 'user.login'],
  ['oidc', 'POST /auth/callback', 'user.login'],
  ['oidc', 'GET /logout', 'user.logout'],
  ['oidc', 'GET /login', undefined],
  ['saml', 'POST /login/callback', 'user.login'],
  ['saml', 'POST /saml/acs', 'user.login'],
  ['saml', 'POST /logout/callback', 'user.logout'],
  ['magic-link', 'GET /auth/magiclogin/callback', 'user.login'],
  ['magic-link', 'POST /auth/magiclogin', undefined],
  ['adminjs', 'POST /admin/login', 'user.login'],
  ['adminjs', 'GET /admin/logout', 'user.logout'],
  ['verdaccio', 'PUT /-/user/org.couchdb.user:bob', 'user.login'],
  ['verdaccio', 'PUT /-/user/org.couchdb.user:bob/-rev/undefined', 'user.login'],
  ['verdaccio', 'DELETE /-/user/token/abc', 'user.logout'],
  ['webauthn', 'POST /verify-authentication', 'user.login'],
  ['webauthn', 'POST /login/public-key', 'user.login'],
  ['webauthn', 'POST /generate-authentication-options', undefined],
])('%s reads %s as %s', (name, request, action) => expect(matcherOf(name)(request)).toBe(action));

it.each(Object.keys(PRESETS) as PresetName[])('%s has no duplicate routes', (name) => {
  const all = [...PRESETS[name].routes, ...PRESETS[name].rules.map(({ match }) => match)];
  expect(new Set(all).size).toBe(all.length);
});
