// #region request
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import {
  createLoginAudit,
  markerOf,
  type RequestAdapter,
  type RequestSnapshot,
  sessionSnapshot,
  type SessionSnapshot,
} from '@auditlogin/core/adapter';

/** A request as the libraries of an application leave it. */
export interface HttpRequest extends IncomingMessage {
  /** The client's address, by the application's own trust setting. */
  ip?: string;
  /** The pattern of the route that took the request. */
  route?: string;
  body?: unknown;
  user?: unknown;
  session?: unknown;
}
// #endregion

// #region entry
/** The options of {@link auditLogin}; extractors see the request as `request`. */
export type AuditLoginOptions = CoreOptions<HttpRequest>;

/** Audits a request; `onRoute` says that it was called for this very route. */
export type AuditLogin = ((request: HttpRequest, response: ServerResponse, onRoute?: boolean) => void) & {
  readonly auditor: Auditor;
};

/**
 * Audits login attempts of a server of node:http. Call what it returns for every request, behind the session middleware.
 *
 * @param options see {@link AuditLoginOptions}; what is left out comes from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<HttpRequest>(options);
  const attend = (request: HttpRequest, response: ServerResponse, onRoute = false): void =>
    audit.attend(new HttpAdapter(request, response), onRoute);
  return Object.assign(attend, { auditor: audit.auditor });
}

/** What a handler says about its attempt: `mark(request).failure('wrong_password')`. */
export function mark(request: HttpRequest): Marker {
  return markerOf(request);
}
// #endregion

// #region adapter
class HttpAdapter implements RequestAdapter<HttpRequest> {
  readonly target: string;
  private before: SessionSnapshot | 'unseen' | undefined;

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

  watchSession(): void {
    this.before = 'session' in this.request ? sessionSnapshot(this.request.session) : 'unseen';
  }

  sessionBefore(): SessionSnapshot | 'unseen' | undefined {
    return this.before;
  }

  endSession(): void {
    (this.request.session as { destroy?(done: () => void): void } | undefined)?.destroy?.(() => undefined);
  }

  look(): RequestSnapshot {
    const { user, session, body, route } = this.request;
    return { user, session, body, route, routed: route !== undefined };
  }
}
// #endregion
