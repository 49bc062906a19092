import { pathToRegexp } from 'path-to-regexp';

const MAX_PATH = 2048;

/** Says whether a path matches. */
export type PathMatcher = (path: string) => boolean;

/**
 * Compiles path patterns in the notation of Express 5 (`/login`, `/t/:tenant/login`, `/auth/*rest`); letter case and a slash at the end do not
 * count.
 *
 * @param patterns the patterns; none match nothing
 * @throws TypeError of path-to-regexp when a pattern is malformed
 */
export function pathMatcher(patterns: readonly string[]): PathMatcher {
  const expressions = patterns.map((pattern) => pathToRegexp(pattern).regexp);
  return (path) => path.length <= MAX_PATH && expressions.some((expression) => expression.test(path));
}
