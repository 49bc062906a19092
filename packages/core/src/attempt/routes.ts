import type { AuditAction } from './action.js';
import { pathMatcher, type PathMatcher } from './pattern.js';

/** The last segment of the paths that are audited when no `routes` are given. */
const LOGIN_SEGMENTS: readonly string[] = [
  'login',
  'log-in',
  'log_in',
  'signin',
  'sign-in',
  'sign_in',
  'session',
  'sessions',
  'authenticate',
];

/** Says what a request tries; undefined if that is not audited. */
export type ActionMatcher = (method: string, path: string) => AuditAction | undefined;

/**
 * Compiles the `routes` and `rules` options. A rule counts before the routes, the first that matches before the others.
 *
 * @param routes of logins, `METHOD /path` or `/path` (POST); without any, POST on a path that ends in one of {@link LOGIN_SEGMENTS}
 * @param rules of other actions
 */
export function actionMatcher(
  routes: readonly string[] | undefined,
  rules: readonly { match: string; action: AuditAction }[] = [],
): ActionMatcher {
  const named = [...rules, ...(routes ?? []).map((match) => ({ match, action: 'user.login' as const }))];
  const byMethod = new Map<string, { matches: PathMatcher; action: AuditAction }[]>();
  for (const { match, action } of named) {
    const { method, path } = parseRoute(match);
    byMethod.set(method, [...(byMethod.get(method) ?? []), { matches: pathMatcher([path]), action }]);
  }
  return (method, path) => {
    const rule = byMethod.get(method)?.find(({ matches }) => matches(path));
    if (rule) return rule.action;
    return routes === undefined && method === 'POST' && endsInLoginSegment(path) ? 'user.login' : undefined;
  };
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
 * The path of a request target, without its query.
 *
 * @param target the request target as it came, e.g. `/login?next=%2F`
 */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}

/**
 * Whether a path ends in one of {@link LOGIN_SEGMENTS}, letter case and a slash at the end aside.
 *
 * @param path a path without query
 */
export function endsInLoginSegment(path: string): boolean {
  const end = path.endsWith('/') ? path.length - 1 : path.length;
  const segment = path.slice(path.lastIndexOf('/', end - 1) + 1, end);
  return segment.length <= 12 && LOGIN_SEGMENTS.includes(segment.toLowerCase());
}
