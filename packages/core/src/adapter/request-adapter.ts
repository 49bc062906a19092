import type { IncomingMessage, ServerResponse } from 'node:http';

/** A route that the framework's router has matched. */
export interface RouteSnapshot {
  /** Its pattern with the mount path, e.g. `/api/v1/login` or `/t/:tenant/login`; undefined if it has none (a regular expression). */
  pattern?: string | undefined;
  /** The path that matched, decoded by the router. It replaces the pattern if that ends in a parameter or wildcard. */
  matched?: string | undefined;
  params?: Record<string, unknown> | undefined;
}

/** The state of a request at one moment. */
export interface RequestSnapshot {
  user: unknown;
  session: unknown;
  body: unknown;
  /** The current method, which middleware may have overridden. */
  method: string;
  /** Whether the framework itself responded with its own 404 or 405, instead of a handler of the application. */
  isUnhandled: boolean;
  requestId?: string | undefined;
}

/** Connects an exchange of a framework to the core. Except for `endSession`, no member may change the exchange or define a property on the request. */
export interface RequestAdapter<Request> {
  /** The framework's own request, which is passed to functions of the application. */
  readonly request: Request;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** The unchanged request target. */
  readonly target: string;
  /** The client's address by the framework's trust setting. */
  address(): string | undefined;
  /** Returns the route that the framework's router has chosen. Left out by frameworks of which `observation.routed()` always tells it in time. */
  route?(): RouteSnapshot | undefined;
  /** Returns the current state. */
  snapshot(): RequestSnapshot;
  /** Returns the current session only. It is called more often than the other functions. */
  session(): unknown;
  /** Returns the framework's current user only. */
  user(): unknown;
  /** Ends the session of a login that could not be recorded. */
  endSession(): void;
}
