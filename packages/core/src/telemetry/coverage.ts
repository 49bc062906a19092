import { createLRU } from 'lru.min';

/** A route that received credentials, and whether it is audited. */
export interface CoveredRoute {
  method: string;
  /** The route's pattern, or the path if the framework does not expose the pattern. */
  route: string;
  isAudited: boolean;
  /** Number of requests with a credential. */
  requests: number;
}

/** Records which routes receive credentials. */
export interface Coverage {
  /**
   * Counts a request that carried a credential.
   *
   * @param method of the request
   * @param route the route's pattern or the path
   * @param isAudited whether it became an attempt
   */
  count(method: string, route: string, isAudited: boolean): void;
  routes(): CoveredRoute[];
}

/** Bounds the memory that a scanner can fill with paths. */
const MAX_ROUTES = 500;
const MAX_ROUTE = 256;

/**
 * Creates an empty record of the {@link MAX_ROUTES} most recently used routes.
 *
 * @param warn called once for each route that receives credentials and is not audited
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
