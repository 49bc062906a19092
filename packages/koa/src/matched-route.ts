import type { RouteSnapshot } from '@auditlogin/core/adapter';
import type { Context, Middleware } from 'koa';

/** A layer of @koa/router or koa-router: a route, or middleware of the router, which has no methods. */
interface Layer {
  methods: string[];
  path?: unknown;
  stack: unknown[];
}

/** The properties that routers and koa-mount set on a context. */
interface Routed {
  /** All layers whose path matched, with any method. */
  matched?: unknown;
  _matchedRoute?: unknown;
  params?: Record<string, unknown>;
  /** The prefix of the innermost koa-mount. */
  mountPath?: unknown;
}

/**
 * Returns the route that a router chose for a context.
 *
 * @param context the Koa context
 * @returns undefined if no router has chosen one
 */
export function matchedRoute(context: Context): RouteSnapshot | undefined {
  const { _matchedRoute: last, params, mountPath } = context as unknown as Routed;
  const matched = matchedLayers(context);
  const routes = matched?.filter(({ methods }) => methods.includes(context.method)) ?? [];
  if (matched ? routes.length === 0 : last === undefined) return undefined;
  // If middleware of the router responds itself, its own pattern is set, although the route after it matched.
  const path = matched ? (routes.find((route) => route.path === last) ?? routes.at(-1))?.path : last;
  const whole = decoded(pathIn(context));
  const pattern = typeof path === 'string' ? path : undefined;
  return { pattern: pattern !== undefined && typeof mountPath === 'string' ? mounted(pattern, whole) : pattern, matched: whole, params };
}

/**
 * Whether a middleware is mounted on the route that runs, instead of on its router, whose middleware runs for all routes.
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

/** Returns `ctx.matched`, unless the application has set it to something else. */
function matchedLayers(context: Context): Layer[] | undefined {
  const { matched } = context as unknown as Routed;
  if (!Array.isArray(matched)) return undefined;
  return (matched as Partial<Layer>[]).filter((layer): layer is Layer => Array.isArray(layer?.methods) && Array.isArray(layer.stack));
}

/** Adds the prefix of nested koa-mounts to a pattern. koa-mount keeps only the innermost prefix, so the prefix is the part of the path before the pattern. */
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
