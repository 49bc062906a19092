import type { RouteCover, RouteCovers } from '@auditlogin/core/adapter';

/** A route of an application. */
export interface AppRoute {
  /** `ALL` if the handler accepts all methods. */
  method: string;
  /** The path, including the path that the router is mounted on. */
  path: string;
  /** What is audited of the route; undefined if nothing is. */
  cover: RouteCover | undefined;
  /** Whether the route's own setting switches the audit off. */
  isSwitchedOff?: boolean;
}

/** The routes and audits of an application. */
export interface AppRoutes {
  framework: 'Express' | 'Koa' | 'Fastify';
  routes: AppRoute[];
  /** The audits that are mounted anywhere, on the application or on a route. */
  audits: RouteCovers[];
}

/** The cover of an audit that is mounted on a route itself, so that each request of the route is an attempt. */
export const MOUNTED: RouteCover = { action: 'user.login', by: 'options' };

/**
 * Returns the audit of a middleware.
 *
 * @param middleware any function of an application
 * @returns undefined if the middleware is not `auditLogin()`
 */
export function auditIn(middleware: unknown): RouteCovers | undefined {
  if (typeof middleware !== 'function' || middleware.name !== 'auditLogin' || !('covers' in middleware)) return undefined;
  return middleware.covers as RouteCovers;
}

/**
 * Returns what is audited of a route. If its method is `ALL`, POST is checked, which logins use.
 *
 * @param covers the innermost audit in front of the route
 * @param method of the route
 * @param path of the route
 */
export function coverOf(covers: RouteCovers | undefined, method: string, path: string): RouteCover | undefined {
  return covers?.(method === 'ALL' ? 'POST' : method, path);
}
