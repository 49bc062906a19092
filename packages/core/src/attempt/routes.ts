import { pathMatcher } from './pattern.js';

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

/** Says whether a request is an attempt to log in. */
export type RouteMatcher = (method: string, path: string) => boolean;

/**
 * Compiles the `routes` option.
 *
 * @param routes `METHOD /path` or `/path` (POST); without any, POST on a path that ends in one of {@link LOGIN_SEGMENTS}
 */
export function routeMatcher(routes: readonly string[] | undefined): RouteMatcher {
  if (routes === undefined) return (method, path) => method === 'POST' && endsInLoginSegment(path);
  const byMethod = new Map<string, string[]>();
  for (const route of routes) {
    const { method, path } = parseRoute(route);
    byMethod.set(method, [...(byMethod.get(method) ?? []), path]);
  }
  const matchers = new Map([...byMethod].map(([method, paths]) => [method, pathMatcher(paths)]));
  return (method, path) => matchers.get(method)?.(path) ?? false;
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
