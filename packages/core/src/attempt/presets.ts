import type { AuditAction } from './action.js';

/** The routes of a library or application, in the notation of the `routes` and `rules` options. */
export interface Preset {
  /** Routes of logins. */
  routes: readonly string[];
  /** Rules for other actions. */
  rules: readonly { match: string; action: AuditAction }[];
}

/** The libraries and applications whose routes are known. */
export type PresetName =
  | 'adminjs'
  | 'authjs'
  | 'better-auth'
  | 'directus'
  | 'feathers'
  | 'magic-link'
  | 'node-red'
  | 'oidc'
  | 'saml'
  | 'strapi'
  | 'supertokens'
  | 'unleash'
  | 'verdaccio'
  | 'webauthn';

/**
 * The routes by preset. They match wherever the library is mounted: `/{*base/}` stands for any path prefix. If a GET completes a login (the callback
 * of an identity provider, a link in an e-mail), that GET is the attempt; the request for the link and the redirect to the provider are not.
 */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  /** `@adminjs/express` 6, below its `rootPath`. */
  adminjs: {
    routes: ['POST /{*base/}admin/login'],
    rules: [rule('GET /{*base/}admin/logout', 'user.logout'), rule('POST /{*base/}admin/refresh-token', 'user.session.refresh')],
  },
  /** `@auth/core` 0.4x and NextAuth 4, below `/auth` or `/api/auth`. */
  authjs: {
    routes: ['GET /{*base/}auth/callback/:provider', 'POST /{*base/}auth/callback/:provider'],
    rules: [rule('POST /{*base/}auth/signout', 'user.logout')],
  },
  /** `better-auth` 1.x with its plugins, below `/api/auth` or another `basePath`. */
  'better-auth': {
    routes: [
      ...['email', 'username', 'phone-number', 'email-otp', 'social'].map((method) => `POST /{*base/}sign-in/${method}`),
      'GET /{*base/}auth/callback/:provider',
      'POST /{*base/}auth/callback/:provider',
      'GET /{*base/}auth/oauth2/callback/:provider',
      'GET /{*base/}magic-link/verify',
      'POST /{*base/}one-tap/callback',
      'POST /{*base/}one-time-token/verify',
      'POST /{*base/}passkey/verify-authentication',
      'POST /{*base/}phone-number/verify',
      'POST /{*base/}siwe/verify',
      'GET /{*base/}sso/callback/:provider',
      'POST /{*base/}sso/saml2/callback/:provider',
      'POST /{*base/}sso/saml2/sp/acs/:provider',
    ],
    rules: [
      ...['totp', 'otp', 'backup-code'].map((factor) => rule(`POST /{*base/}two-factor/verify-${factor}`, 'user.login.challenge')),
      rule('POST /{*base/}sign-out', 'user.logout'),
      rule('POST /{*base/}change-password', 'user.password.change'),
      ...['', 'email-otp/', 'phone-number/'].map((way) => rule(`POST /{*base/}${way}reset-password`, 'user.password.reset')),
      rule('POST /{*base/}admin/set-user-password', 'user.password.reset'),
      rule('POST /{*base/}admin/impersonate-user', 'user.impersonate.start'),
      rule('POST /{*base/}admin/stop-impersonating', 'user.impersonate.stop'),
    ],
  },
  /** Directus 11: the local, LDAP, OAuth 2, OpenID Connect and SAML drivers. */
  directus: {
    routes: [
      'POST /{*base/}auth/login',
      'POST /{*base/}auth/login/:provider',
      'GET /{*base/}auth/login/:provider/callback',
      'POST /{*base/}auth/login/:provider/callback',
      'POST /{*base/}auth/login/:provider/acs',
    ],
    rules: [
      rule('POST /{*base/}auth/logout', 'user.logout'),
      rule('POST /{*base/}auth/login/:provider/logout', 'user.logout'),
      rule('POST /{*base/}auth/refresh', 'user.session.refresh'),
      rule('POST /{*base/}auth/password/reset', 'user.password.reset'),
    ],
  },
  /** `@feathersjs/authentication` 5, and the callback of `@feathersjs/authentication-oauth`. */
  feathers: {
    routes: ['POST /{*base/}authentication', 'GET /{*base/}oauth/:provider/authenticate'],
    rules: [rule('DELETE /{*base/}authentication', 'user.logout'), rule('DELETE /{*base/}authentication/:id', 'user.logout')],
  },
  /** The link in an e-mail: `passport-magic-login`, `passport-magic-link` and the paths that their guides use. */
  'magic-link': {
    routes: [
      ...['magiclogin', 'magic-login', 'magiclink', 'magic-link'].flatMap((word) => [
        `GET /{*base/}${word}/callback`,
        `GET /{*base/}${word}/verify`,
      ]),
      'GET /{*base/}login/magic-link/:token',
    ],
    rules: [rule('POST /{*base/}logout', 'user.logout')],
  },
  /** Node-RED 4 and 5, below `httpAdminRoot`. */
  'node-red': {
    routes: ['POST /{*base/}auth/token', 'GET /{*base/}auth/strategy/callback', 'POST /{*base/}auth/strategy/callback'],
    rules: [rule('POST /{*base/}auth/revoke', 'user.logout')],
  },
  /** The callback of an OpenID Connect provider: `express-openid-connect`, `openid-client`'s Passport strategy, `oauth4webapi`'s guide. */
  oidc: {
    routes: ['GET /{*base/}callback', 'POST /{*base/}callback'],
    rules: [rule('GET /{*base/}logout', 'user.logout'), rule('POST /{*base/}backchannel-logout', 'user.logout')],
  },
  /** The assertion consumer of `@node-saml/passport-saml` and `samlify`, by the paths that their guides use. */
  saml: {
    routes: ['login/callback', 'saml/callback', 'saml/acs', 'sso/acs', 'acs'].map((path) => `POST /{*base/}${path}`),
    rules: [rule('GET /{*base/}logout', 'user.logout'), rule('POST /{*base/}logout/callback', 'user.logout')],
  },
  /** Strapi 4 and 5: its content API and its administration. */
  strapi: {
    routes: ['POST /{*base/}auth/local', 'GET /{*base/}auth/:provider/callback', 'POST /admin/login', 'GET /admin/connect/:provider'],
    rules: [
      rule('POST /{*base/}auth/logout', 'user.logout'),
      rule('POST /{*base/}auth/refresh', 'user.session.refresh'),
      rule('POST /{*base/}auth/change-password', 'user.password.change'),
      rule('POST /{*base/}auth/reset-password', 'user.password.reset'),
      rule('POST /admin/logout', 'user.logout'),
      rule('POST /admin/access-token', 'user.session.refresh'),
      rule('POST /admin/reset-password', 'user.password.reset'),
    ],
  },
  /** `supertokens-node` 2x, below `apiBasePath`, with or without a tenant in the path. */
  supertokens: {
    routes: ['signin', 'signinup', 'signinup/code/consume', 'webauthn/signin'].map((path) => `POST /{*base/}${path}`),
    rules: [
      rule('POST /{*base/}totp/verify', 'user.login.challenge'),
      rule('POST /{*base/}signout', 'user.logout'),
      rule('POST /{*base/}session/refresh', 'user.session.refresh'),
      rule('POST /{*base/}user/password/reset', 'user.password.reset'),
      rule('POST /{*base/}user/webauthn/reset', 'user.password.reset'),
    ],
  },
  /** Unleash 7. */
  unleash: {
    routes: ['POST /{*base/}auth/simple/login', 'POST /{*base/}auth/demo/login'],
    rules: [
      rule('POST /{*base/}logout', 'user.logout'),
      rule('GET /{*base/}logout', 'user.logout'),
      rule('POST /{*base/}auth/reset/password', 'user.password.reset'),
      rule('POST /{*base/}api/admin/user/change-password', 'user.password.change'),
      rule('POST /{*base/}api/admin/user-admin/:id/change-password', 'user.password.reset'),
    ],
  },
  /** Verdaccio 6: `npm login`, also the way of npm 8 and earlier, and its web page. */
  verdaccio: {
    routes: ['PUT /{*base/}-/user/:user', 'PUT /{*base/}-/user/:user/-rev/:rev', 'POST /{*base/}-/verdaccio/sec/login'],
    rules: [
      rule('DELETE /{*base/}-/user/token/:token', 'user.logout'),
      rule('PUT /{*base/}-/verdaccio/sec/reset_password', 'user.password.change'),
    ],
  },
  /** The second leg of a passkey login: `@simplewebauthn/server`, `passport-fido2-webauthn` and `fido2-lib`, by the paths that their guides use. */
  webauthn: {
    routes: [
      ...['verify-authentication', 'verify-authentication-response', 'login/public-key', 'webauthn/login', 'webauthn/login/finish'],
      ...['webauthn/login/verify', 'webauthn/authenticate', 'authenticate/finish', 'assertion/result'],
    ].map((path) => `POST /{*base/}${path}`),
    rules: [rule('POST /{*base/}logout', 'user.logout')],
  },
};

function rule(match: string, action: AuditAction): { match: string; action: AuditAction } {
  return { match, action };
}
