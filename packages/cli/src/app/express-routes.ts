import { createRequire } from 'node:module';
import type { RouteCovers } from '@auditlogin/core/adapter';
import { auditIn, type AppRoutes, coverOf, MOUNTED } from './route.js';

/** A layer of the routers of Express 4 and 5: a route, or middleware. */
interface Layer {
  handle: unknown;
  route?: { path: unknown; methods: Record<string, boolean>; stack: { handle: unknown; method?: string }[] };
  regexp?: { fast_slash?: boolean };
}

interface Router {
  stack: Layer[];
}

/** A route with more methods than this counts as a route of all methods. */
const MANY = 10;

type Use = (this: object, ...given: unknown[]) => unknown;

/** The paths that layers were mounted on, since routers compile a path and do not keep it. */
const paths = new WeakMap<Layer, string>();
/** The applications that layers mount. */
const applications = new WeakMap<Layer, object>();

/**
 * Records from now on where Express applications mount their routers. It must be called before the application is loaded, for the copy of Express that the
 * application will load.
 *
 * @param file the application's module
 */
export function noteExpressMounts(file: string): void {
  const express = expressFor(file);
  if (!express) return;
  const routers = express.Router.prototype?.use ? express.Router.prototype : express.Router;
  const mounting: object[] = [];
  wrapUse(routers, (use, router, given) => {
    const { stack } = router as Router;
    const before = stack.length;
    const used = use.apply(router, given);
    for (const layer of stack.slice(before)) {
      paths.set(layer, pathIn(given[0]));
      if ((layer.handle as { name?: string }).name !== 'mounted_app') continue;
      const application = mounting.shift();
      if (application) applications.set(layer, application);
    }
    return used;
  });
  wrapUse(express.application, (use, app, given) => {
    mounting.push(...given.flat(Infinity).filter((each): each is object => isApplication(each)));
    return use.apply(app, given);
  });
}

/**
 * Lists the routes of an Express application.
 *
 * @param app a loaded value
 * @returns undefined if it is not an Express application
 */
export function expressRoutes(app: unknown): AppRoutes | undefined {
  if (!isApplication(app)) return undefined;
  const found: AppRoutes = { framework: 'Express', routes: [], audits: [] };
  walk(routerOf(app), '', undefined, found);
  return found;
}

/** Walks through a stack in the order of a request. Audits that are mounted inside a router apply only to that router. */
function walk(router: Router | undefined, mount: string, outer: RouteCovers | undefined, found: AppRoutes): void {
  let covers = outer;
  for (const layer of router?.stack ?? []) {
    const { handle, route } = layer;
    const audit = auditIn(handle);
    if (audit) {
      found.audits.push(audit);
      covers = underPath(audit, mount + mountPathOf(layer), covers);
    } else if (route) {
      addRoute(route, mount, covers, found);
    } else {
      const inner = routerIn(layer);
      if (inner) walk(inner, mount + mountPathOf(layer), covers, found);
    }
  }
}

/** Restricts an audit that is mounted on a path to the routes below that path. */
function underPath(audit: RouteCovers, mount: string, outer: RouteCovers | undefined): RouteCovers {
  if (mount === '') return audit;
  return (method, path) => (path === mount || path.startsWith(`${mount}/`) ? audit(method, path) : outer?.(method, path));
}

function addRoute(
  { path, methods, stack }: NonNullable<Layer['route']>,
  mount: string,
  covers: RouteCovers | undefined,
  found: AppRoutes,
): void {
  const named = Object.keys(methods).map((method) => method.toUpperCase());
  // `app.all()` sets every method that Node knows, `route.all()` sets `_all`.
  const names = methods['_all'] || named.length > MANY ? ['ALL'] : named;
  for (const method of names) {
    const handlers = stack.filter((handler) => handler.method === undefined || handler.method.toUpperCase() === method);
    const mounted = handlers.map(({ handle }) => auditIn(handle)).filter((audit) => audit !== undefined);
    found.audits.push(...mounted);
    for (const one of [path].flat()) {
      const whole = mount !== '' && one === '/' ? mount : mount + (typeof one === 'string' ? one : String(one));
      found.routes.push({ method, path: whole, cover: mounted.length > 0 ? MOUNTED : coverOf(covers, method, whole) });
    }
  }
}

function routerIn(layer: Layer): Router | undefined {
  const application = applications.get(layer);
  if (application) return routerOf(application);
  const { handle } = layer;
  return typeof handle === 'function' && Array.isArray((handle as Partial<Router>).stack) ? (handle as unknown as Router) : undefined;
}

/** Express 4 has `_router`, and throws if `router` is read. */
function routerOf(app: object): Router | undefined {
  const { _router } = app as { _router?: Router };
  if (_router) return _router;
  try {
    return (app as { router?: Router }).router;
  } catch {
    return undefined;
  }
}

function mountPathOf(layer: Layer): string {
  const path = paths.get(layer);
  if (path !== undefined) return path === '/' ? '' : path.replace(/\/$/, '');
  return layer.regexp?.fast_slash || (layer as { slash?: boolean }).slash ? '' : '/…';
}

function pathIn(first: unknown): string {
  const path: unknown = Array.isArray(first) ? first.flat(Infinity)[0] : first;
  if (typeof path === 'function') return '/';
  return typeof path === 'string' ? path : String(path);
}

function isApplication(value: unknown): value is object {
  return typeof value === 'function' && 'handle' in value && 'set' in value && 'use' in value;
}

function wrapUse(holder: object, wrapped: (use: Use, self: object, given: unknown[]) => unknown): void {
  const { use } = holder as { use: Use };
  (holder as { use: Use }).use = function (this: object, ...given) {
    return wrapped(use, this, given);
  };
}

interface Express {
  application: object;
  Router: object & { prototype?: { use?: unknown } & object };
}

function expressFor(file: string): Express | undefined {
  try {
    return createRequire(file)('express') as Express;
  } catch {
    return undefined;
  }
}
