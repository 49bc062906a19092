import { IncomingMessage } from 'node:http';
import { observationIn, type RouteSnapshot } from '@auditlogin/core/adapter';
import type { Request } from 'express';

const HEARD = Symbol.for('auditlogin.route');

/**
 * Observes which routes run, once for each copy of Express. The router sets `route` on the request right before the first handler, when the route, its mount
 * path and the session before any handler are all known. An accessor on Express' own prototype notices this and leaves an ordinary property. A wrapper around
 * the router's function would appear in the stack of every error.
 *
 * @param app `req.app`
 */
export function hearRoutes(app: unknown): void {
  const prototype = requestPrototypeOf(app);
  if (!prototype || HEARD in prototype || 'route' in prototype) return;
  Object.defineProperty(prototype, HEARD, { value: true });
  Object.defineProperty(prototype, 'route', {
    configurable: true,
    get: () => undefined,
    set(this: Request, route: unknown) {
      Object.defineProperty(this, 'route', { configurable: true, enumerable: true, writable: true, value: route });
      observationIn(this)?.routed(routeOf(route, this));
    },
  });
}

/** Finds `express.request`, which the requests of all applications of a copy of Express inherit from. */
function requestPrototypeOf(app: unknown): object | undefined {
  let prototype = typeof app === 'function' ? ((app as { request?: unknown }).request as object | undefined) : undefined;
  for (let depth = 0; prototype && depth < 16; depth += 1) {
    const next = Object.getPrototypeOf(prototype) as object | null;
    if (next === IncomingMessage.prototype) return prototype;
    prototype = next ?? undefined;
  }
  return undefined;
}

/**
 * Whether a request's `route` is a route of Express, instead of a property that another framework calls the same.
 *
 * @param route `req.route`
 */
export function isExpressRoute(route: unknown): boolean {
  return typeof route === 'object' && route !== null && Array.isArray((route as { stack?: unknown }).stack);
}

/**
 * Describes the route of another framework, such as restify, that middleware of Connect runs in.
 *
 * @param route `req.route`
 * @returns undefined if it has no path
 */
export function foreignRouteOf(route: unknown): RouteSnapshot | undefined {
  if (isExpressRoute(route)) return undefined;
  const path = (route as { path?: unknown } | null | undefined)?.path;
  return typeof path === 'string' ? { pattern: path } : undefined;
}

/**
 * Describes a route for the core.
 *
 * @param route the router's route
 * @param request the request, which has the mount path and the parameters
 */
export function routeOf(route: unknown, request: Request): RouteSnapshot {
  return new MatchedRoute(route, request);
}

class MatchedRoute implements RouteSnapshot {
  readonly pattern: string | undefined;
  readonly matched: string;

  constructor(
    route: unknown,
    private readonly request: Request,
  ) {
    const { baseUrl, path: rest } = request;
    const path = (route as { path?: unknown } | null | undefined)?.path;
    this.pattern = typeof path === 'string' ? join(decoded(baseUrl), path) : undefined;
    this.matched = decoded(join(baseUrl, rest));
  }

  /** The router sets the parameters after the route. */
  get params(): Request['params'] {
    return this.request.params;
  }
}

function join(mount: string, path: string): string {
  return mount !== '' && path === '/' ? mount : mount + path;
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
