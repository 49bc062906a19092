import type { AuditAction } from './action.js';
import { isLoginPath, looseForms } from './login-routes.js';
import { pathMatcher, type PathMatcher } from './pattern.js';

/** What of a request decides whether it is an attempt by its route. */
export interface RoutedRequest {
  /** The methods that it came with and that ran: middleware may have overridden the first. */
  methods: readonly string[];
  /** The paths that stand for it: the pattern of the route that ran, or the matched path where that ends in a parameter or wildcard; else the raw path. */
  paths: readonly string[];
  /** Its body carries a credential. */
  carriesCredential: boolean;
  /** Its body has an OAuth grant (RFC 6749). */
  hasGrant: boolean;
}

/** Says what a request tries by its route. */
export interface RouteMatcher {
  /** What the request tries; undefined if that is not audited. */
  actionOf(request: RoutedRequest): AuditAction | undefined;
  /** Whether a request may become an attempt, judged before any router has run: a superset of what {@link actionOf} accepts. */
  mayMatch(target: string): boolean;
}

/** A rule of the `rules` option. */
export interface RouteRule {
  match: string;
  action: AuditAction;
}

/** A mere look: these bring no credential, unless the route was named with them. */
const LOOKS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Compiles the `routes` and `rules` options. A rule counts before the routes, the first that matches before the others; one with the method of the
 * request before one that is named with another method.
 *
 * @param routes of logins, `METHOD /path` or `/path` (POST); without any, the login routes of the stacks that people use
 * @param rules of other actions
 * @throws TypeError when one of them is malformed
 */
export function routeMatcher(routes: readonly string[] | undefined, rules: readonly RouteRule[] = []): RouteMatcher {
  const named = [...rules, ...(routes ?? []).map((match) => ({ match, action: 'user.login' as const }))].map(({ match, action }) => {
    const { method, path } = parseRoute(match);
    return { method, path, action, matches: pathMatcher([path]) };
  });
  const isNamed = ({ path, matches }: { path: string; matches: PathMatcher }, paths: readonly string[]): boolean =>
    paths.some((one) => one === path || matches(one));

  return {
    actionOf({ methods, paths, carriesCredential, hasGrant }) {
      const here = named.filter((route) => isNamed(route, paths));
      const exact = here.find((route) => methods.some((method) => runs(route.method, method)));
      if (exact) return exact.action;
      // Nobody brings a credential to leave.
      const tried = isTried(methods, carriesCredential) && here.find(({ action }) => action !== 'user.logout');
      if (tried) return tried.action;
      if (routes !== undefined) return undefined;
      const mayTry = methods.includes('POST') || isTried(methods, carriesCredential);
      return mayTry && paths.some((path) => isLoginPath(path, { carriesCredential, hasGrant })) ? 'user.login' : undefined;
    },
    mayMatch(target) {
      const paths = looseForms(target);
      if (named.some((route) => isNamed(route, paths))) return true;
      return routes === undefined && paths.some((path) => isLoginPath(path, { carriesCredential: true, hasGrant: true }));
    },
  };
}

/** `HEAD` runs the handler of `GET` (RFC 9110, section 9.3.2). */
function runs(configured: string, method: string): boolean {
  return configured === method || (configured === 'GET' && method === 'HEAD');
}

/** A handler of all methods takes a credential with any of them. */
function isTried(methods: readonly string[], carriesCredential: boolean): boolean {
  return carriesCredential && methods.some((method) => !LOOKS.has(method));
}

/**
 * Takes a route of the `routes` option apart.
 *
 * @param route `METHOD /path` or `/path`, which means POST
 * @throws TypeError when it is neither
 */
export function parseRoute(route: string): { method: string; path: string } {
  const match = /^(?:([A-Z]{3,10}) +)?(\/\S*)$/.exec(route);
  if (!match) throw new TypeError('expected "METHOD /path" or "/path"');
  return { method: match[1] ?? 'POST', path: match[2]! };
}

/**
 * The path of a request target, without its query and without the origin of an absolute target (RFC 9112, section 3.2.2).
 *
 * @param target the request target as it came, e.g. `/login?next=%2F`
 */
export function pathOf(target: string): string {
  const start = target.startsWith('/') ? 0 : originLength(target);
  const end = target.slice(start).search(/[?#]/);
  const path = end === -1 ? target.slice(start) : target.slice(start, start + end);
  return path === '' ? '/' : path;
}

function originLength(target: string): number {
  return /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i.exec(target)?.[0].length ?? 0;
}

const OPEN_END = /(?::\w+\??|\*\w*|\{[^}]*\}|\(\.\*\))$/;

/**
 * The paths that stand for a request in {@link RoutedRequest}.
 *
 * @param target the request target as it came
 * @param routes the routes that ran, if the framework tells
 */
export function pathsOf(target: string, routes: readonly { pattern?: string | undefined; matched?: string | undefined }[]): string[] {
  if (routes.length === 0) return looseForms(target);
  return routes.flatMap(({ pattern, matched }) => {
    const raw = matched ?? pathOf(target);
    if (pattern === undefined) return [raw];
    return OPEN_END.test(pattern) ? [pattern, raw] : [pattern];
  });
}
