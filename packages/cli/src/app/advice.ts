import { type AppRoute, type AppRoutes, coverOf } from './route.js';

/** A route that looks like a login, and advice for auditing it. */
export interface RouteFinding extends AppRoute {
  /** What to add; undefined if the route is audited or its audit is switched off. */
  advice: string | undefined;
  /** Whether the route looks like a login and is not audited. */
  isMissed: boolean;
}

const LOGIN = [
  /^(?:log-?_?(?:in|on)|sign-?_?in(?:-?up)?|authenticat\w*|passkeys?|webauthn|magic-?link|magic-?login|sso|saml|acs|otp|totp|2fa|mfa|two-factor|challenge)$/,
  /(?:^|[-_.])(?:login|logon|signin|authenticate)(?:[-_.]|$)/,
  /^(?:verify|check|validate)-(?:authentication|otp|totp|code|login|credentials|password)/,
];
const SESSION = /^(?:sessions?|tokens?|auth|credentials|local|callback)$/;
const OTHER_ACTIONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:log-?_?(?:out|off)|sign-?_?out)$/, 'user.logout'],
  [/^(?:reset|forgot)-?_?password$|^password-?_?reset$/, 'user.password.reset'],
  [/^(?:change|update)-?_?password$|^passwords?$/, 'user.password.change'],
  [/^(?:stop-?_?impersonat\w*|unimpersonate)$/, 'user.impersonate.stop'],
  [/^(?:impersonate|become|login-?as|sudo)(?:-?_?user)?$/, 'user.impersonate.start'],
  [/^refresh(?:-?_?tokens?)?$/, 'user.session.refresh'],
];
const LOOKS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT']);

/**
 * Returns the routes that are audited or look like logins.
 *
 * @param app the routes and audits of an application
 */
export function loginLikeRoutes({ routes, audits }: AppRoutes): RouteFinding[] {
  return routes.map((route) => findingOf(route, audits)).filter((finding) => finding !== undefined);
}

function findingOf(route: AppRoute, audits: AppRoutes['audits']): RouteFinding | undefined {
  const { method, path, isSwitchedOff } = route;
  const kind = kindOf(route);
  const cover = isLogin(kind) || route.cover?.by === 'options' ? route.cover : undefined;
  if (cover || isSwitchedOff)
    return kind === undefined && cover?.only !== undefined ? undefined : { ...route, advice: undefined, isMissed: false };
  if (kind === undefined) return undefined;
  const asked = `${method === 'ALL' ? 'POST' : method} ${path}`;
  return {
    ...route,
    cover,
    isMissed: kind === 'login',
    advice: adviceFor(kind, asked, audits.some((covers) => coverOf(covers, method, path)) || audits.length === 0),
  };
}

/** Whether the default audit applies to a route of this kind. A route that looks like another action is audited only if the options name it. */
function isLogin(kind: string | undefined): boolean {
  return kind === undefined || kind === 'login' || kind === 'graphql';
}

function adviceFor(kind: string, route: string, lacksMount: boolean): string {
  if (kind === 'graphql') return `if it logs in: routes: ['${route}'] with outcome: graphqlLogin(…)`;
  if (kind !== 'login') return `rules: [{ match: '${route}', action: '${kind}' }]`;
  return lacksMount ? 'mount auditLogin() in front of it' : `routes: ['${route}'], or mark it in its handler`;
}

/** What a route looks like: `login`, `graphql`, another action; undefined if nothing of the kind. */
function kindOf({ method, path }: AppRoute): string | undefined {
  const words = path
    .toLowerCase()
    .split('/')
    .filter((word) => word !== '' && !/^[:*{(]/.test(word));
  const last = words.at(-1)?.replace(/\.(?:json|data|php|do|action)$/, '') ?? '';
  // A page is no login, but the callback of an identity provider is.
  if (LOOKS.has(method)) return last === 'callback' && words.length > 1 ? 'login' : undefined;
  return last === 'graphql' ? last : kindOfWords(method, words.slice(-2), last);
}

function kindOfWords(method: string, words: readonly string[], last: string): string | undefined {
  const [, other] = OTHER_ACTIONS.find(([pattern]) => pattern.test(last)) ?? [];
  if (other !== undefined) return other;
  const isSession = SESSION.test(last);
  if (method === 'DELETE') return isSession ? 'user.logout' : undefined;
  return isSession || words.some((word) => LOGIN.some((pattern) => pattern.test(word))) ? 'login' : undefined;
}
