// #region request
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import {
  createLoginAudit,
  markerOf,
  observationIn,
  type RequestAdapter,
  type RequestSnapshot,
  type RouteSnapshot,
  watchSessionStore,
} from '@auditlogin/core/adapter';

/** A request with the properties that an application's libraries set. */
export interface HttpRequest extends IncomingMessage {
  /** The client's address, by the application's own trust setting. */
  ip?: string;
  /** The route that took the request. */
  route?: RouteSnapshot;
  body?: unknown;
  user?: unknown;
  session?: unknown;
  sessionStore?: unknown;
}
// #endregion

// #region entry
/** The options of {@link auditLogin}; extractors see the request as `request`. */
export type AuditLoginOptions = CoreOptions<HttpRequest>;

/** Audits the handling of a request. `onRoute` is true if it is called for one route only. */
export type AuditLogin = ((
  request: HttpRequest,
  response: ServerResponse,
  handle: () => Promise<void>,
  onRoute?: boolean,
) => Promise<void>) & {
  readonly auditor: Auditor;
};

/**
 * Audits login attempts of a node:http server. Wrap the handling of every request in the returned function, and report the route by {@link routed}.
 *
 * @param options see {@link AuditLoginOptions}; missing options come from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<HttpRequest>(options);
  async function underAudit(request: HttpRequest, response: ServerResponse, handle: () => Promise<void>, onRoute = false): Promise<void> {
    const observation = audit.attend(new HttpAdapter(request, response), onRoute);
    if (!observation) return handle();
    try {
      await observation.run(handle);
    } finally {
      observation.handled();
    }
  }
  return Object.assign(underAudit, { auditor: audit.auditor });
}

/** Tells the audit that the router has chosen a route, before its handler runs. */
export function routed(request: HttpRequest, route: RouteSnapshot): void {
  request.route = route;
  observationIn(request)?.routed(route);
}

/** Returns the marker by which a handler states the outcome: `mark(request).failure('wrong_password')`. */
export function mark(request: HttpRequest): Marker {
  return markerOf(request);
}
// #endregion

// #region adapter
class HttpAdapter implements RequestAdapter<HttpRequest> {
  readonly target: string;

  constructor(
    readonly request: HttpRequest,
    readonly outgoing: ServerResponse,
  ) {
    this.target = request.url ?? '/';
  }

  get incoming(): IncomingMessage {
    return this.request;
  }

  address(): string | undefined {
    return this.request.ip;
  }

  user(): unknown {
    return this.request.user;
  }

  session(): unknown {
    // Observes at the store whether the session is saved. With another library, call `observation.saved()` when it saves.
    watchSessionStore(this.request.sessionStore);
    return this.request.session;
  }

  endSession(): void {
    (this.request.session as { destroy?(done: () => void): void } | undefined)?.destroy?.(() => undefined);
  }

  snapshot(): RequestSnapshot {
    const { user, session, body, route, method = '' } = this.request;
    return {
      user,
      session,
      body,
      method,
      isUnhandled: route === undefined && this.outgoing.statusCode === 404,
    };
  }
}
// #endregion
