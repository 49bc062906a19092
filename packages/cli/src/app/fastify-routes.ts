import { subscribe } from 'node:diagnostics_channel';
import type { RouteCovers } from '@auditlogin/core/adapter';
import { type AppRoutes, type AppRoute, coverOf, MOUNTED } from './route.js';

interface Instance {
  addHook(name: 'onRoute', hook: (this: Instance, route: Route) => void): void;
  ready(): Promise<unknown>;
  auditCovers?: RouteCovers;
}

interface Route {
  method: string | string[];
  url: string;
  config?: { auditLogin?: unknown };
}

const heard = new WeakMap<object, { instance: Instance; route: Route }[]>();

/** Records from now on every route of every Fastify application. Fastify announces a new application on a diagnostics channel. */
export function hearFastifyRoutes(): void {
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { fastify: Instance };
    const routes: { instance: Instance; route: Route }[] = [];
    heard.set(fastify, routes);
    fastify.addHook('onRoute', function (route) {
      routes.push({ instance: this, route });
    });
  });
}

/**
 * Lists the routes of a Fastify application after its plugins are loaded.
 *
 * @param app a loaded value
 * @returns undefined if it is not a Fastify application
 */
export async function fastifyRoutes(app: unknown): Promise<AppRoutes | undefined> {
  const routes = heard.get(Object(app) as object);
  if (!routes) return undefined;
  await (app as Instance).ready();
  const audits = new Set(routes.map(({ instance }) => instance.auditCovers).filter((covers) => covers !== undefined));
  return { framework: 'Fastify', routes: routes.flatMap(routesOf), audits: [...audits] };
}

function routesOf({ instance, route }: { instance: Instance; route: Route }): AppRoute[] {
  const methods = [route.method].flat();
  const names = methods.length > 6 ? ['ALL'] : methods.filter((method) => method !== 'HEAD' && method !== 'OPTIONS');
  const said = route.config?.auditLogin;
  return names.map((method) => {
    if (said === false) return { method, path: route.url, cover: undefined, isSwitchedOff: true };
    const isNamed = said !== undefined && instance.auditCovers !== undefined;
    return { method, path: route.url, cover: isNamed ? MOUNTED : coverOf(instance.auditCovers, method, route.url) };
  });
}
