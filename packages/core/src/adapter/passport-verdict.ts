import { accountOf, tenantOf } from '../attempt/account.js';
import type { LibraryVerdict, Reason } from '../attempt/attempt.js';

/** What a strategy of Passport is, as far as it matters here. */
export interface StrategyTraits {
  /** It only recognises who logged in earlier, or a program: its verdicts are no logins. */
  recognises: boolean;
  /** What it checks comes with every request, so that its verdict is a login only on a login route. */
  everywhere: boolean;
  /** How the login is made. */
  method: string | undefined;
}

/** What a strategy is called: the name that it was registered under, its own, and those of its classes. */
export type StrategyNames = readonly string[];

/** The words of strategies that recognise an earlier login, or a program. */
const RECOGNISERS = new Set([
  ...[
    'jwt',
    'bearer',
    'token',
    'tokens',
    'authtoken',
    'apikey',
    'localapikey',
    'headerapikey',
    'key',
    'header',
    'cookie',
    'session',
    'refresh',
    'anonymous',
    'dummy',
  ],
  ...['hawk', 'hmac', 'client'],
]);

/** The words of strategies whose credential is in a header of every request (RFC 7617, RFC 7616, RFC 4559). */
const EVERYWHERE = new Set(['basic', 'digest', 'negotiate', 'kerberos', 'spnego', 'ntlm', 'windows']);

/** The first word that is found decides. */
const METHODS: readonly (readonly [method: string, words: readonly string[]])[] = [
  ['totp', ['totp', 'otp', 'hotp', '2fa', 'mfa', 'speakeasy', 'authenticator']],
  ['webauthn', ['webauthn', 'fido', 'fido2', 'passkey', 'passkeys']],
  ['magic_link', ['magic', 'magiclink', 'magiclogin', 'passwordless', 'emaillink']],
  ['ldap', ['ldap', 'ldapauth', 'activedirectory']],
  ['saml', ['saml', 'multisaml', 'wsfed', 'adfs', 'shibboleth']],
  ['oidc', ['oidc', 'openid', 'openidconnect', 'auth0', 'azuread', 'cognito', 'keycloak', 'okta']],
  [
    'oauth',
    [
      'oauth',
      'oauth1',
      'oauth2',
      'google',
      'github',
      'gitlab',
      'facebook',
      'twitter',
      'linkedin',
      'microsoft',
      'apple',
      'discord',
      'slack',
      'bitbucket',
      'spotify',
      'twitch',
      'steam',
    ],
  ],
  ['certificate', ['certificate', 'cert', 'tls', 'x509']],
  ['remember_me', ['remember', 'rememberme']],
  ['kerberos', ['negotiate', 'kerberos', 'spnego', 'ntlm', 'windows']],
  ['password', ['local', 'password', 'username', 'basic', 'digest']],
];

/** Methods that let somebody in, whatever else their strategy is called. */
const ALWAYS_LOGINS = new Set(['totp', 'webauthn', 'magic_link', 'remember_me']);

/** The factor that a method proves by itself. */
const FACTORS: Readonly<Record<string, readonly string[]>> = {
  password: ['password'],
  ldap: ['password'],
  totp: ['totp'],
  webauthn: ['webauthn'],
};

const ELSEWHERE = new Set(['oauth', 'oidc', 'saml', 'ldap', 'kerberos']);

/**
 * What a strategy is, by its names and by what it keeps.
 *
 * @param names what it is called
 * @param strategy the strategy
 */
export function strategyTraits(names: StrategyNames, strategy: object): StrategyTraits {
  const words = new Set(names.flatMap(wordsOf));
  const method = methodOf(words, strategy);
  // `google-token`: a token of the provider, which a program sends along with any request.
  const isForeignToken = words.has('token') && (method === 'oauth' || method === 'oidc');
  const isLogin = isForeignToken || keptBy(strategy) !== undefined || (method !== undefined && ALWAYS_LOGINS.has(method));
  return {
    recognises: !isLogin && hasAny(words, RECOGNISERS),
    everywhere: isForeignToken || hasAny(words, EVERYWHERE),
    method,
  };
}

function methodOf(words: ReadonlySet<string>, strategy: object): string | undefined {
  const named = METHODS.find(([, list]) => list.some((word) => words.has(word)))?.[0];
  return named === 'oidc' ? named : (keptBy(strategy) ?? named);
}

/** Strategies of OAuth and SAML are called after their provider, and known by what they keep. */
function keptBy(strategy: object): string | undefined {
  if ('_oauth2' in strategy || '_oauth' in strategy) return 'oauth';
  return '_saml' in strategy ? 'saml' : undefined;
}

function hasAny(words: ReadonlySet<string>, list: ReadonlySet<string>): boolean {
  return [...words].some((word) => list.has(word));
}

/** `HeaderAPIKeyStrategy` and `header-api-key` have the same words. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll('Strategy', ' ')
    .replaceAll('API', 'Api')
    .replaceAll('OAuth', 'Oauth')
    .replaceAll('WebAuthn', 'Webauthn')
    .replaceAll('OpenID', 'Openid')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}

/**
 * The verdict of a strategy that let somebody in.
 *
 * @param user what the application's verify function gave
 * @param traits of the strategy
 */
export function successOf(user: unknown, traits: StrategyTraits): LibraryVerdict {
  const account = accountOf(user);
  const group = account?.group ?? tenantOf(user);
  const factors = traits.method === undefined ? undefined : FACTORS[traits.method];
  return {
    ...base(traits),
    outcome: 'success',
    ...(account && { actor: account.name === undefined ? account.id : { id: account.id, name: account.name } }),
    ...(group !== undefined && { group }),
    ...(factors && { factors }),
  };
}

/**
 * The verdict of a strategy that refused. Nothing of the application's text is kept: it only chooses a reason.
 *
 * @param challenge a message, an object with one, or what `WWW-Authenticate` is to say
 * @param status the status of the answer, if the strategy says one
 * @param traits of the strategy
 */
export function failureOf(challenge: unknown, status: unknown, traits: StrategyTraits): LibraryVerdict {
  // The next leg of SPNEGO (RFC 4559, section 4.2).
  if (typeof challenge === 'string' && /^(?:negotiate|ntlm) \S/i.test(challenge)) return { ...base(traits), outcome: 'challenge' };
  return { ...base(traits), outcome: 'failure', reason: reasonOf(challenge, status) ?? usualReason(traits) };
}

/**
 * The verdict of a strategy that could not check: its directory or provider is down, or answered an error.
 *
 * @param traits of the strategy
 */
export function errorOf(traits: StrategyTraits): LibraryVerdict {
  return {
    ...base(traits),
    outcome: 'failure',
    reason: traits.method !== undefined && ELSEWHERE.has(traits.method) ? 'provider_error' : 'server_error',
  };
}

function base({ method, everywhere }: StrategyTraits): { library: string; method?: string; onLoginRoute?: true } {
  return { library: 'passport', ...(method !== undefined && { method }), ...(everywhere && { onLoginRoute: true }) };
}

function usualReason({ method }: StrategyTraits): Reason {
  if (method === 'totp') return 'mfa_failed';
  return method === 'oauth' || method === 'oidc' || method === 'saml' ? 'provider_error' : 'invalid_credentials';
}

const ACCOUNT = String.raw`(?:user(?:\s?name)?|e-?mail(?: address)?|account|login|member|identifier)`;
const WRONG = '(?:wrong|incorrect|invalid|bad|mismatch|not match|not correct|not valid)';

/** What passport-local, passport-ldapauth, passport-local-mongoose and the tutorials say, from the most special to the most general. */
const SAID: readonly (readonly [RegExp, Reason])[] = [
  [/too many|rate.?limit|throttl/, 'rate_limited'],
  [/\block(?:ed|out)\b/, 'account_locked'],
  [
    /disabled|suspended|banned|blocked|inactive|deactivated|not (?:been )?(?:activated|active|confirmed|verified)|account expired/,
    'account_disabled',
  ],
  [/password.{0,20}(?:expired|must be (?:reset|changed))|expired.{0,10}password/, 'password_expired'],
  [/\b(?:totp|otp|2fa|mfa|two.?factor|second factor|one.?time)\b/, 'mfa_failed'],
  [new RegExp(`${ACCOUNT}(?: ?/ ?| or | and | ?& ?)password|password(?: ?/ ?| or | and | ?& ?)${ACCOUNT}`), 'invalid_credentials'],
  [
    new RegExp(`${ACCOUNT}.{0,40}(?:not found|unknown|not exist|n't exist|not registered|unregistered|not recogni[sz]ed)`),
    'user_not_found',
  ],
  [new RegExp(`(?:unknown|no such|no|${WRONG}) ${ACCOUNT}`), 'user_not_found'],
  [new RegExp(`${WRONG}.{0,20}(?:password|passphrase|\\bpin\\b)|(?:password|passphrase|\\bpin\\b).{0,20}${WRONG}`), 'wrong_password'],
  [/credentials/, 'invalid_credentials'],
];

const MAX_SAID = 200;

function reasonOf(challenge: unknown, status: unknown): Reason | undefined {
  if (status === 429) return 'rate_limited';
  if (status === 423) return 'account_locked';
  for (const text of textsOf(challenge)) {
    const said = text
      .slice(0, MAX_SAID)
      .replaceAll('_', ' ')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase();
    const found = SAID.find(([pattern]) => pattern.test(said));
    if (found) return found[1];
  }
  return undefined;
}

/** A code says more than a message. */
function textsOf(challenge: unknown): string[] {
  // `Basic realm="…"` is what the answer's header is to say.
  if (typeof challenge === 'string') return /^\w+ \w+=/.test(challenge) ? [] : [challenge];
  if (typeof challenge !== 'object' || challenge === null) return [];
  const { code, name, type, message } = challenge as Record<string, unknown>;
  return [code, name, type, message].filter((text) => typeof text === 'string');
}
