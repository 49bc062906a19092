import { createLRU } from 'lru.min';

/** A route that takes credentials, and whether it is audited. */
export interface CoveredRoute {
  method: string;
  /** The route's pattern, or the path where the framework tells none. */
  route: string;
  isAudited: boolean;
  /** How many requests with a credential it had. */
  requests: number;
}

/** Which routes take credentials. */
export interface Coverage {
  /**
   * Counts a request that carried a credential.
   *
   * @param method of the request
   * @param route its pattern or path
   * @param isAudited whether it became an attempt
   */
  count(method: string, route: string, isAudited: boolean): void;
  routes(): CoveredRoute[];
}

/** A scanner may try any number of paths. */
const MAX_ROUTES = 500;
const MAX_ROUTE = 256;

/**
 * Creates an empty list; it keeps the five hundred routes that were used last.
 *
 * @param warn is told, once a route, that it takes credentials and is not audited
 */
export function createCoverage(warn: (route: CoveredRoute) => void): Coverage {
  const routes = createLRU<string, CoveredRoute>({ max: MAX_ROUTES });
  return {
    count(method, route, isAudited) {
      const shown = route.slice(0, MAX_ROUTE);
      const key = `${method} ${shown}`;
      const known = routes.get(key) ?? { method, route: shown, isAudited, requests: 0 };
      known.requests += 1;
      known.isAudited ||= isAudited;
      routes.set(key, known);
      if (known.requests === 1 && !isAudited) warn({ ...known });
    },
    routes: () => [...routes.values()].map((route) => ({ ...route })),
  };
}
