import type { RouteCover, RouteCovers } from '@auditlogin/core/adapter';

/** A route of an application. */
export interface AppRoute {
  /** `ALL` for a handler of all methods. */
  method: string;
  /** With the path where its router is mounted. */
  path: string;
  /** What is audited of it; undefined if nothing is. */
  cover: RouteCover | undefined;
  /** Its own setting switches the audit off. */
  isSwitchedOff?: boolean;
}

/** What is known of an application. */
export interface AppRoutes {
  framework: 'Express' | 'Koa' | 'Fastify';
  routes: AppRoute[];
  /** The audits that are mounted anywhere, on the application or on a route. */
  audits: RouteCovers[];
}

/** The audit is mounted on the route itself, so each of its requests is an attempt. */
export const MOUNTED: RouteCover = { action: 'user.login', by: 'options' };

/**
 * The audit that a middleware is.
 *
 * @param middleware any function of an application
 * @returns undefined if it is none of ours
 */
export function auditIn(middleware: unknown): RouteCovers | undefined {
  if (typeof middleware !== 'function' || middleware.name !== 'auditLogin' || !('covers' in middleware)) return undefined;
  return middleware.covers as RouteCovers;
}

/**
 * What is audited of a route whose method may be `ALL`: a login is a POST.
 *
 * @param covers the innermost audit in front of the route
 * @param method of the route
 * @param path of the route
 */
export function coverOf(covers: RouteCovers | undefined, method: string, path: string): RouteCover | undefined {
  return covers?.(method === 'ALL' ? 'POST' : method, path);
}
