import type { RouteSnapshot } from '@auditlogin/core/adapter';
import type { Context, Middleware } from 'koa';

/** A layer of @koa/router or koa-router: a route, or the router's own middleware, which has no methods. */
interface Layer {
  methods: string[];
  path?: unknown;
  stack: unknown[];
}

/** What routers and koa-mount leave on a context. */
interface Routed {
  /** All layers whose path matched, whatever their methods. */
  matched?: unknown;
  _matchedRoute?: unknown;
  params?: Record<string, unknown>;
  /** The prefix of the innermost koa-mount. */
  mountPath?: unknown;
}

/**
 * The route that a router chose for a context.
 *
 * @param context the Koa context
 * @returns undefined where no router has chosen one
 */
export function matchedRoute(context: Context): RouteSnapshot | undefined {
  const { _matchedRoute: last, params, mountPath } = context as unknown as Routed;
  const matched = matchedLayers(context);
  const routes = matched?.filter(({ methods }) => methods.includes(context.method)) ?? [];
  if (matched ? routes.length === 0 : last === undefined) return undefined;
  // A middleware of the router that answers itself leaves its own pattern; the route behind it is meant.
  const path = matched ? (routes.find((route) => route.path === last) ?? routes.at(-1))?.path : last;
  const whole = decoded(pathIn(context));
  const pattern = typeof path === 'string' ? path : undefined;
  return { pattern: pattern !== undefined && typeof mountPath === 'string' ? mounted(pattern, whole) : pattern, matched: whole, params };
}

/**
 * Whether a middleware is on the route that runs, and not on its router: a router's own middleware runs for all of its routes.
 *
 * @param context the Koa context
 * @param middleware the middleware
 */
export function isOnRoute(context: Context, middleware: Middleware): boolean {
  return matchedLayers(context)?.some(({ methods, stack }) => methods.length > 0 && stack.includes(middleware)) ?? false;
}

/**
 * Whether a router knew the path, but no route of it had the method.
 *
 * @param context the Koa context
 */
export function lacksMethod(context: Context): boolean {
  return matchedLayers(context) !== undefined && matchedRoute(context) === undefined;
}

/** `ctx.matched`, unless the application has something else there. */
function matchedLayers(context: Context): Layer[] | undefined {
  const { matched } = context as unknown as Routed;
  if (!Array.isArray(matched)) return undefined;
  return (matched as Partial<Layer>[]).filter((layer): layer is Layer => Array.isArray(layer?.methods) && Array.isArray(layer.stack));
}

/** koa-mount takes its prefix off the path and keeps the innermost one only; a pattern of as many words as the path has behind them tells the rest. */
function mounted(pattern: string, whole: string): string {
  const words = whole.split('/');
  const prefix = words.slice(0, Math.max(0, words.length - pattern.split('/').length + 1)).join('/');
  return prefix + pattern;
}

function pathIn({ originalUrl }: Context): string {
  return originalUrl.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/)[0] || '/';
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
