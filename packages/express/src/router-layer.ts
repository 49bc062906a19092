import { observationIn, type RouteSnapshot } from '@auditlogin/core/adapter';
import type { Request } from 'express';

/** A layer of Express' router: what it calls, and the route that it stands for. */
interface Layer {
  route?: { path?: unknown };
}

type Handle = (this: Layer, request: Request, ...rest: unknown[]) => unknown;

const HEARD = Symbol.for('auditlogin.layer');

/**
 * Listens to the router of an application, once for each copy of Express: whenever a layer with a route is about to run, the observation of its request is
 * told. Only there are the route, its mount path and the session before any handler all known.
 *
 * @param app `req.app`
 */
export function listenToRouter(app: unknown): void {
  const layer = firstLayerOf(app);
  if (!layer) return;
  const prototype = Object.getPrototypeOf(layer) as Record<string | symbol, unknown>;
  if (HEARD in prototype) return;
  Object.defineProperty(prototype, HEARD, { value: true });
  // Express 5 and Express 4.
  for (const name of ['handleRequest', 'handle_request']) {
    const handle = prototype[name] as Handle | undefined;
    if (typeof handle !== 'function') continue;
    prototype[name] = function (this: Layer, request: Request, ...rest: unknown[]) {
      const observation = this.route === undefined ? undefined : observationIn(request);
      if (!observation) return handle.call(this, request, ...rest);
      observation.routed(routeOf(this.route, request));
      // Body parsers may have lost the context on their way.
      return observation.run(() => handle.call(this, request, ...rest));
    } satisfies Handle;
  }
}

/** At least the middleware that asks is there. Express 4 keeps its router under an underscore, and throws where Express 5 has it. */
function firstLayerOf(app: unknown): object | undefined {
  if (typeof app !== 'function') return undefined;
  const holder = app as { router?: { stack?: object[] }; _router?: { stack?: object[] } };
  return (holder._router ?? holder.router)?.stack?.[0];
}

/**
 * A route, as it stands for a request.
 *
 * @param route of Express' router
 * @param request has the mount path and the parameters
 */
export function routeOf(route: Layer['route'], { baseUrl, url, params }: Request): RouteSnapshot {
  const mount = decoded(baseUrl);
  const pattern = typeof route?.path === 'string' ? join(mount, route.path) : undefined;
  return { pattern, matched: decoded(join(baseUrl, url.split('?', 1)[0]!)), params };
}

function join(mount: string, path: string): string {
  return mount !== '' && path === '/' ? mount : mount + path;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
