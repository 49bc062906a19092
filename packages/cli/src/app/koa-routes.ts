import type { RouteCovers } from '@auditlogin/core/adapter';
import { auditIn, type AppRoutes, coverOf, MOUNTED } from './route.js';

/** A layer of @koa/router or koa-router: a route, or middleware of the router, which has no methods. */
interface Layer {
  methods: string[];
  path: unknown;
  stack: unknown[];
  match(path: string): boolean;
}

/**
 * Lists the routes of a Koa application: those of @koa/router and koa-router. Routes inside koa-mount and koa-compose are not found.
 *
 * @param app a loaded value
 * @returns undefined if it is not a Koa application
 */
export function koaRoutes(app: unknown): AppRoutes | undefined {
  const { middleware, use, callback } = Object(app) as { middleware?: unknown; use?: unknown; callback?: unknown };
  if (!Array.isArray(middleware) || typeof use !== 'function' || typeof callback !== 'function') return undefined;
  const found: AppRoutes = { framework: 'Koa', routes: [], audits: [] };
  let covers: RouteCovers | undefined;
  for (const each of middleware as unknown[]) {
    const audit = auditIn(each);
    if (audit) {
      found.audits.push(audit);
      covers = audit;
    }
    const { stack } = (each as { router?: { stack?: Layer[] } }).router ?? {};
    if (Array.isArray(stack)) addRoutes(stack, covers, found);
  }
  return found;
}

function addRoutes(stack: readonly Layer[], outer: RouteCovers | undefined, found: AppRoutes): void {
  const own = stack.filter(({ methods }) => methods.length === 0).flatMap((layer) => auditsIn(layer).map((covers) => ({ layer, covers })));
  found.audits.push(...own.map(({ covers }) => covers));
  for (const layer of stack.filter(({ methods }) => methods.length > 0)) {
    const path = typeof layer.path === 'string' ? layer.path : String(layer.path);
    const mounted = auditsIn(layer);
    found.audits.push(...mounted);
    const covers = own.findLast((each) => each.layer.match(path))?.covers ?? outer;
    for (const method of namesOf(layer.methods)) {
      found.routes.push({ method, path, cover: mounted.length > 0 ? MOUNTED : coverOf(covers, method, path) });
    }
  }
}

function auditsIn({ stack }: Layer): RouteCovers[] {
  return stack.map(auditIn).filter((audit) => audit !== undefined);
}

/** `router.all()` sets some thirty methods, and `GET` includes `HEAD`. */
function namesOf(methods: readonly string[]): string[] {
  return methods.length > 10 ? ['ALL'] : methods.filter((method) => method !== 'HEAD');
}
