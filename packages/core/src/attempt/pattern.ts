import { pathToRegexp } from 'path-to-regexp';

const MAX_PATH = 2048;

/** Whether a path matches. */
export type PathMatcher = (path: string) => boolean;

/**
 * Compiles path patterns in the notation of Express 5 (`/login`, `/t/:tenant/login`, `/auth/*rest`). Letter case and a trailing slash are ignored.
 *
 * @param patterns the patterns; without any, no path matches
 * @throws TypeError of path-to-regexp if a pattern is malformed
 */
export function pathMatcher(patterns: readonly string[]): PathMatcher {
  const expressions = patterns.map((pattern) => pathToRegexp(pattern).regexp);
  return (path) => path.length <= MAX_PATH && expressions.some((expression) => expression.test(path));
}
