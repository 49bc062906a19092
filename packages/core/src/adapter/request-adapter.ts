import type { IncomingMessage, ServerResponse } from 'node:http';

/** A route that the framework's router chose. */
export interface RouteSnapshot {
  /** Its pattern with the mount path, e.g. `/api/v1/login` or `/t/:tenant/login`; undefined where the framework has none (a regular expression). */
  pattern?: string | undefined;
  /** The path that matched, as the router decoded it; it takes the pattern's place where that ends in a parameter or wildcard. */
  matched?: string | undefined;
  params?: Record<string, unknown> | undefined;
}

/** What a request shows at one moment. */
export interface RequestSnapshot {
  user: unknown;
  session: unknown;
  body: unknown;
  /** The method as the application sees it now: middleware may have overridden it. */
  method: string;
  route?: RouteSnapshot | undefined;
  /** The framework itself gave this answer: its own 404 or 405, and no handler of the application. */
  isUnhandled: boolean;
  requestId?: string | undefined;
}

/** An exchange, as an adapter shows it. Nothing here may change the exchange or define a property on the request. */
export interface RequestAdapter<Request> {
  /** The framework's own request, which the application's functions get. */
  readonly request: Request;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** The request target as it came. */
  readonly target: string;
  /** The client's address by the framework's trust setting. */
  address(): string | undefined;
  /** What there is to see now. */
  snapshot(): RequestSnapshot;
  /** The session now, alone; asked more often than all else. */
  session(): unknown;
  /** The framework's user now, alone. */
  user(): unknown;
  /** Ends a session whose login could not be recorded. */
  endSession(): void;
}
