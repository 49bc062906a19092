import { endsInLoginWord } from './login-routes.js';
import type { OutcomeKind } from './attempt.js';
import { pathMatcher, type PathMatcher } from './pattern.js';

/** The compiled `redirects` option. */
export interface RedirectRules {
  success: PathMatcher;
  failure: PathMatcher;
  challenge: PathMatcher;
}

const NEVER: PathMatcher = () => false;

/** The rules without a `redirects` option. */
export const NO_REDIRECT_RULES: RedirectRules = { success: NEVER, failure: NEVER, challenge: NEVER };

/** The rules, in the order in which they are asked. */
const RULED = ['failure', 'challenge', 'success'] as const;
const ERROR_PARAMETERS = ['error', 'err', 'failed', 'failure', 'login_error', 'auth_error'];
const CHALLENGE_WORDS = new Set(['mfa', '2fa', 'otp', 'totp', 'two-factor', 'two_factor', 'challenge']);
const MAX_LOCATION = 2048;

/**
 * Compiles the `redirects` option.
 *
 * @param redirects path patterns
 * @throws TypeError if a pattern is malformed
 */
export function redirectRules(redirects: Record<keyof RedirectRules, readonly string[]>): RedirectRules {
  return {
    success: pathMatcher(redirects.success),
    failure: pathMatcher(redirects.failure),
    challenge: pathMatcher(redirects.challenge),
  };
}

/** The targets that a request itself may have chosen. */
export interface AskedTargets {
  /** The path and query of the request. */
  request: string;
  /** Targets in the body of the request. */
  targets?: readonly string[] | undefined;
}

/**
 * Interprets the target of a redirect. Without a rule, the target proves a failure only if it is the login page or has an error parameter that the request did
 * not bring. Other words in a path prove nothing.
 *
 * @param location the `Location` header
 * @param asked the targets that the request may have chosen
 * @param isLogin whether the attempt is a login
 * @param rules the application's rules
 */
export function redirectMeans(
  location: string,
  { request, targets = [] }: AskedTargets,
  isLogin: boolean,
  rules: RedirectRules,
): { says?: OutcomeKind | undefined; isRule: boolean } {
  const target = parse(location);
  if (!target) return { isRule: false };
  const ruled = RULED.find((says) => rules[says](target.pathname));
  if (ruled) return { says: ruled, isRule: true };
  return { says: meaningOf(target, parse(request), targets, isLogin), isRule: false };
}

/** What a target means that no rule names. */
function meaningOf(target: URL, asked: URL | undefined, targets: readonly string[], isLogin: boolean): OutcomeKind | undefined {
  const given = [...(asked?.searchParams.values() ?? []), ...targets];
  if (hasErrorOf(target, given)) return 'failure';
  // A logout or a password reset may succeed and redirect to the login page.
  if (!isLogin || isChosen(target, given)) return undefined;
  if (CHALLENGE_WORDS.has(lastWord(target.pathname))) return 'challenge';
  return isLoginPage(target, asked) ? 'failure' : undefined;
}

const BASE = 'http://auditlogin.invalid';

function parse(target: string): URL | undefined {
  const text = target.slice(0, MAX_LOCATION);
  return URL.canParse(text, BASE) ? new URL(text, BASE) : undefined;
}

/** The page that the request came to, or one that is called like a login. */
function isLoginPage(target: URL, asked: URL | undefined): boolean {
  return sameOrigin(target) && (samePath(target.pathname, asked?.pathname) || endsInLoginWord(target.pathname));
}

function sameOrigin({ origin }: URL): boolean {
  return origin === BASE || origin.startsWith('http');
}

function samePath(one: string, other: string | undefined): boolean {
  return other !== undefined && one.replace(/\/+$/, '').toLowerCase() === other.replace(/\/+$/, '').toLowerCase();
}

function lastWord(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1)!.toLowerCase();
}

function hasErrorOf(target: URL, given: readonly string[]): boolean {
  const fragment = new URLSearchParams(target.hash.slice(1));
  return ERROR_PARAMETERS.some((name) => {
    const value = target.searchParams.get(name) ?? fragment.get(name);
    if (value === null) return false;
    return !given.some((text) => text.includes(`${name}=`));
  });
}

/** Whether the client itself chose the target, for example by `returnTo`. Such a target proves nothing. */
function isChosen(target: URL, given: readonly string[]): boolean {
  const wanted = target.pathname + target.search;
  return given.some((text) => text !== '' && (text === wanted || text === target.href || text === target.pathname));
}
