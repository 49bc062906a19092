import type { AuditAction } from '../attempt/action.js';
import type { Ending, FoundBy, LibraryVerdict } from '../attempt/attempt.js';
import { sessionGotOwner } from '../attempt/evidence/session.js';
import { LOOKS, pathOf, pathsOf, type RouteMatcher } from '../attempt/route-match.js';
import type { ObservedExchange } from './observed-exchange.js';

/** What an exchange is, and what made it that. */
export interface FoundAttempt {
  action: AuditAction;
  foundBy: FoundBy;
}

/**
 * Decides whether an exchange is an attempt.
 *
 * @param exchange what was seen of it
 * @param isMarked whether a marker has spoken of it
 * @param target the unchanged request target
 * @param matcher the routes that are audited
 */
export function findAttempt(
  exchange: ObservedExchange,
  isMarked: boolean,
  target: string,
  matcher: RouteMatcher,
): FoundAttempt | undefined {
  const { ending, form, methods, routes, isMounted } = exchange;
  const body = { carriesCredential: form.carriesCredential, asksForToken: form.hasGrant || form.hasPassword };
  const isByRoute = isHandled(exchange);
  const action = isByRoute || isMarked ? matcher.actionOf({ methods, paths: pathsOf(target, routes), ...body }) : undefined;
  if (action !== undefined && ending.status !== 405) return { action, foundBy: 'route' };
  if (isMounted && isByRoute && !methods.every((method) => method === 'HEAD')) return { action: 'user.login', foundBy: 'route' };
  if (isMarked) return { action: 'user.login', foundBy: 'marker' };
  const effect = verdictOf(exchange, 'effect') ? 'user.login' : effectOf(exchange);
  return effect && { action: effect, foundBy: 'effect' };
}

/**
 * Returns the last verdict of a library that counts on this route.
 *
 * @param exchange what was seen of it
 * @param foundBy what made it an attempt
 */
export function verdictOf({ verdicts }: ObservedExchange, foundBy: FoundBy): LibraryVerdict | undefined {
  return verdicts.findLast(({ onLoginRoute }) => onLoginRoute === undefined || foundBy === 'route');
}

/** Determines the action from the session on a route that is not configured: it got an owner, or an impersonation began or ended. */
function effectOf({ session, form }: ObservedExchange): AuditAction | undefined {
  const { before, after, isSaved } = session;
  if (!after || isSaved === false || before === 'unseen') return undefined;
  if (!sessionGotOwner({ session, form, credentials: { cookie: true, header: false } })) return undefined;
  if (after.originalActor !== undefined) return 'user.impersonate.start';
  return before?.originalActor === undefined ? 'user.login' : 'user.impersonate.stop';
}

/**
 * Whether an exchange that is no attempt has brought a password.
 *
 * @param exchange what was seen of it
 */
export function looksLikeLogin({ look, methods, ending, routes, form }: ObservedExchange): boolean {
  if (!form.hasPassword || look.isUnhandled || methods.every((method) => LOOKS.has(method))) return false;
  return ending.status !== 405 && (ending.status !== 404 || routes.length > 0);
}

/**
 * Whether a handler of the application has run: neither the framework, nor its router, nor CORS has answered for it. A preflight has no body (Fetch,
 * section 4.8).
 */
function isHandled({ look, methods: [sent], ending, path, routes, form }: ObservedExchange): boolean {
  if (look.isUnhandled || (sent === 'OPTIONS' && !form.carriesCredential)) return false;
  return routes.length > 0 || !isSlashRedirect(ending, path);
}

/** The statuses by which routers redirect to the same path with or without its last slash. Handlers redirect by 302 or 303. */
const MOVED: ReadonlySet<number> = new Set([301, 307, 308]);

/** Whether a redirect only adds or removes the trailing slash, which routers do. */
function isSlashRedirect({ status = 0, location = '' }: Ending, path: string): boolean {
  if (!MOVED.has(status) || location === '') return false;
  const target = pathOf(location);
  return target !== path && target.replace(/\/+$/, '') === path.replace(/\/+$/, '');
}
