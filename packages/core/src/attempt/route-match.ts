import type { AuditAction } from './action.js';
import { isLoginPath, looseForms } from './login-routes.js';
import { pathMatcher, type PathMatcher } from './pattern.js';

/** The properties of a request that decide whether its route makes it an attempt. */
interface RoutedRequest {
  /** The method of the request, and the one that middleware may have replaced it with. */
  methods: readonly string[];
  /**
   * The paths of the request: the pattern of the matched route, or the matched path if the pattern ends in a parameter or wildcard; otherwise the raw
   * path.
   */
  paths: readonly string[];
  /** Whether its body contains a credential. */
  carriesCredential: boolean;
  /** Whether its body asks for a token: by an OAuth grant (RFC 6749) or a password. */
  asksForToken: boolean;
}

/** Determines the action of a request by its route. */
export interface RouteMatcher {
  /** Returns the action; undefined if the request is not audited. */
  actionOf(request: RoutedRequest): AuditAction | undefined;
  /** Whether a request may become an attempt, decided before any router has run. It accepts at least what {@link actionOf} accepts. */
  mayMatch(target: string): boolean;
  /**
   * Returns what is audited of a route, without a request.
   *
   * @param method method of the route
   * @param pattern pattern of the route, including the path that its router is mounted on
   * @returns undefined if none of its requests is an attempt by the route
   */
  coverOf(method: string, pattern: string): RouteCover | undefined;
}

/** What is audited of a route. */
export interface RouteCover {
  action: AuditAction;
  /** `default`: it is a login route of a common stack. `options`: `routes`, `rules` or `preset` name it, or the audit is mounted on it. */
  by: 'default' | 'options';
  /** The requests that are audited, if not all: those whose body has a credential, those that ask for a token by a grant (RFC 6749) or a password, or those whose path matches a login (`path`). */
  only?: 'credential' | 'token' | 'path';
}

/** A rule of the `rules` option. */
export interface RouteRule {
  match: string;
  action: AuditAction;
}

/** Methods that carry no credential, unless the route is configured with them. */
export const LOOKS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Compiles the `routes` and `rules` options. Rules precede routes, and the first match decides. A match with the method of the request precedes a match with
 * another method.
 *
 * @param routes routes of logins, `METHOD /path` or `/path` (POST); without any, the login routes of common stacks
 * @param rules rules for other actions
 * @throws TypeError if a route or rule is malformed
 */
export function routeMatcher(routes: readonly string[] | undefined, rules: readonly RouteRule[] = []): RouteMatcher {
  const named = [...rules, ...(routes ?? []).map((match) => ({ match, action: 'user.login' as const }))].map(({ match, action }) => {
    const { method, path } = parseRoute(match);
    return { method, path, action, matches: pathMatcher([path]) };
  });
  const isNamed = ({ path, matches }: { path: string; matches: PathMatcher }, paths: readonly string[]): boolean =>
    paths.some((one) => one === path || matches(one));

  const isAudited = (
    method: string,
    pattern: string,
    body: { carriesCredential: boolean; asksForToken: boolean },
  ): AuditAction | undefined => matcher.actionOf({ methods: [method], paths: [pattern], ...body });

  const matcher: RouteMatcher = {
    actionOf({ methods, paths, carriesCredential, asksForToken }) {
      const here = named.filter((route) => isNamed(route, paths));
      const exact = here.find((route) => methods.some((method) => runs(route.method, method)));
      if (exact) return exact.action;
      // A request with a credential is no logout.
      // A handler of all methods accepts a credential with any method.
      const tried = carriesCredential && here.find(({ action }) => action !== 'user.logout');
      if (tried) return tried.action;
      if (routes !== undefined) return undefined;
      const mayTry = methods.includes('POST') || carriesCredential;
      return mayTry && paths.some((path) => isLoginPath(path, { carriesCredential, asksForToken })) ? 'user.login' : undefined;
    },
    mayMatch(target) {
      const paths = looseForms(target);
      if (named.some((route) => isNamed(route, paths))) return true;
      return routes === undefined && paths.some((path) => isLoginPath(path, { carriesCredential: true, asksForToken: true }));
    },
    coverOf(method, pattern) {
      const by = named.some((route) => isNamed(route, [pattern])) ? 'options' : 'default';
      const always = isAudited(method, pattern, { carriesCredential: false, asksForToken: false });
      if (always) return { action: always, by };
      const withCredential = isAudited(method, pattern, { carriesCredential: true, asksForToken: false });
      if (withCredential) return { action: withCredential, by, only: 'credential' };
      const withToken = isAudited(method, pattern, { carriesCredential: false, asksForToken: true });
      if (withToken) return { action: withToken, by, only: 'token' };
      if (!OPEN_END.test(pattern)) return undefined;
      return { action: 'user.login', by: routes === undefined ? 'default' : 'options', only: 'path' };
    },
  };
  return matcher;
}

/** `HEAD` also runs the handler of `GET` (RFC 9110, section 9.3.2). */
function runs(configured: string, method: string): boolean {
  return configured === method || (configured === 'GET' && method === 'HEAD');
}

/**
 * Parses a route of the `routes` option.
 *
 * @param route `METHOD /path` or `/path`, which means POST
 * @throws TypeError if the route has neither form
 */
export function parseRoute(route: string): { method: string; path: string } {
  const match = /^(?:([A-Z]{3,10}) +)?(\/\S*)$/.exec(route);
  if (!match) throw new TypeError('expected "METHOD /path" or "/path"');
  return { method: match[1] ?? 'POST', path: match[2]! };
}

/**
 * Returns the path of a request target, without its query and without the origin of an absolute target (RFC 9112, section 3.2.2).
 *
 * @param target the unchanged request target, e.g. `/login?next=%2F`
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

/** Whether a pattern has parts of a regular expression, as `/login|signin` in Express 4, which say nothing about the path that matched. */
function isExpression(pattern: string): boolean {
  return /[|()[\]+?*]/.test(pattern.replace(/:\w+[?+*]?|\*\w+/g, ''));
}

/**
 * Returns the `paths` of a {@link RoutedRequest}.
 *
 * @param target the unchanged request target
 * @param routes the matched routes, if the framework exposes them
 */
export function pathsOf(target: string, routes: readonly { pattern?: string | undefined; matched?: string | undefined }[]): string[] {
  if (routes.length === 0) return looseForms(target);
  const paths: string[] = [];
  for (const { pattern, matched } of routes) {
    if (pattern !== undefined) paths.push(pattern);
    if (pattern === undefined || OPEN_END.test(pattern) || isExpression(pattern)) paths.push(matched ?? pathOf(target));
  }
  return paths;
}
