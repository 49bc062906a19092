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
  /** Texts that the client sent, or its session kept, which may be targets. */
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
  asked: AskedTargets,
  isLogin: boolean,
  rules: RedirectRules,
): { says?: OutcomeKind | undefined; isRule: boolean } {
  const request = parse(asked.request);
  const target = parse(location, request);
  if (!target) return { isRule: false };
  const ruled = RULED.find((says) => rules[says](target.pathname));
  if (ruled) return { says: ruled, isRule: true };
  return { says: meaningOf(target, request, asked.targets ?? [], isLogin), isRule: false };
}

/** What a target means that no rule names. */
function meaningOf(target: URL, asked: URL | undefined, targets: readonly string[], isLogin: boolean): OutcomeKind | undefined {
  const given = [...(asked?.searchParams.values() ?? []), ...targets];
  const chosen = given.map((text) => parse(text, asked)).filter((url) => url !== undefined);
  if (hasErrorOf(target, given, chosen)) return 'failure';
  // A logout or a password reset may succeed and redirect to the login page.
  if (!isLogin || isChosen(target, chosen)) return undefined;
  if (CHALLENGE_WORDS.has(lastWord(target.pathname))) return 'challenge';
  return isLoginPage(target, asked) ? 'failure' : undefined;
}

const BASE = 'http://auditlogin.invalid';

/** A relative target belongs to the page that asked. */
function parse(target: string, from: URL | undefined = undefined): URL | undefined {
  const text = target.slice(0, MAX_LOCATION);
  const base = from?.href ?? BASE;
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
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

function hasErrorOf(target: URL, given: readonly string[], chosen: readonly URL[]): boolean {
  return ERROR_PARAMETERS.some((name) => {
    if (!hasParameter(target, name)) return false;
    return !chosen.some((url) => hasParameter(url, name)) && !given.some((text) => text.includes(`${name}=`));
  });
}

function hasParameter(url: URL, name: string): boolean {
  return url.searchParams.has(name) || new URLSearchParams(url.hash.slice(1)).has(name);
}

/** Whether the client itself chose the target, for example by `returnTo`. Such a target proves nothing. */
function isChosen({ pathname, search }: URL, chosen: readonly URL[]): boolean {
  return chosen.some((url) => url.pathname === pathname && (url.search === search || url.search === ''));
}
