import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import {
  createLoginAudit,
  markerOf,
  type RequestAdapter,
  type RequestSnapshot,
  type RouteCovers,
  type RouteSnapshot,
  warnOfForgeableAddress,
  watchSessionStore,
} from '@auditlogin/core/adapter';
import type { Request, RequestHandler, Response } from 'express';
import { foreignRouteOf, hearRoutes, isExpressRoute, routeOf } from './matched-route.js';

// Re-exports what an application needs from core, so that it installs one package.
export { AuditError, createAuditor, graphqlLogin, isAuditError } from '@auditlogin/core/adapter';
export type {
  ActorInput,
  AttemptView,
  AuditAction,
  AuditErrorCode,
  AuditErrorDetails,
  AuditEvent,
  Auditor,
  AuditorOptions,
  AuditorParts,
  AuditorStats,
  CheckedReceipt,
  EventInput,
  Extractor,
  Extractors,
  GraphqlLoginOptions,
  GraphqlVerdict,
  GroupInput,
  Health,
  Logger,
  MarkDetails,
  Marker,
  OutcomeAnswer,
  OutcomeRule,
  Reason,
  Receipt,
  TypedIdentityPolicy,
  Verdict,
} from '@auditlogin/core';

/** The options of {@link auditLogin}; extractors see the Express request as `request`. */
export type AuditLoginOptions = CoreOptions<Request>;

/** The middleware, with its auditor. */
export type AuditLogin = RequestHandler & {
  /** The auditor that receives the attempts. Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
  /** Returns what is audited of a route, by its path alone. `auditlogin doctor --app` uses it. */
  readonly covers: RouteCovers;
};

/**
 * Audits login attempts of an Express 4 or 5 application: `app.use(auditLogin())`. Each attempt becomes one event, which is sent after the response. Mounted on
 * a route (`app.post('/enter', auditLogin(), handler)`) it audits that route. It is plain middleware, so it also works with Connect, polka and node:http.
 *
 * @param options see {@link AuditLoginOptions}; missing options come from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<Request>(options);
  let app: unknown;

  const middleware: RequestHandler = function auditLogin(request, response, next) {
    if (request.app !== app) hearRoutes((app = request.app));
    const isOnRoute = isExpressRoute(request.route);
    const observation = audit.attend(new Exchange(request, response), isOnRoute);
    if (!observation) return next();
    // If the middleware is mounted on a route, the router has already chosen the route.
    if (isOnRoute) observation.routed(routeOf(request.route, request));
    observation.run(next);
  };
  return Object.assign(middleware, { auditor: audit.auditor, covers: audit.covers });
}

/**
 * Returns the marker by which a handler states the outcome of its attempt: `mark(req).failure('wrong_password', { actor: user })`. A marker makes an attempt
 * of any request. It warns if no `auditLogin()` observes the request.
 *
 * @param request the request
 */
export function mark(request: IncomingMessage): Marker {
  return markerOf(request);
}

/** Reads each property of a request only once, since Express gives each request its own hidden class, which makes lookups slow. */
class Exchange implements RequestAdapter<Request> {
  readonly target: string;

  constructor(
    readonly request: Request,
    private readonly response: Response,
  ) {
    // Express, Connect and polka store the whole target in `originalUrl`; node:http has only `url`.
    this.target = request.originalUrl ?? request.url;
  }

  get incoming(): IncomingMessage {
    return this.request;
  }

  get outgoing(): ServerResponse {
    return this.response;
  }

  address(): string | undefined {
    const { app, ip, socket } = this.request;
    if (typeof app?.get === 'function' && app.get('trust proxy') === true) {
      warnOfForgeableAddress(app, '"trust proxy" is true; name the proxies, or say how many there are');
    }
    return ip ?? socket?.remoteAddress;
  }

  user(): unknown {
    return (this.request as { user?: unknown }).user;
  }

  session(): unknown {
    const { session, sessionStore } = this.request as { session?: unknown; sessionStore?: unknown };
    if (sessionStore !== undefined) watchSessionStore(sessionStore);
    return session;
  }

  route(): RouteSnapshot | undefined {
    return foreignRouteOf(this.request.route);
  }

  endSession(): void {
    (this.request as { session?: { destroy?(done: () => void): void } }).session?.destroy?.(() => undefined);
  }

  snapshot(): RequestSnapshot {
    const { user, body, fields, method, route, id } = this.request as unknown as Record<string, unknown>;
    return {
      user,
      session: this.session(),
      // express-formidable, which AdminJS uses, stores the form in `fields`.
      body: body ?? fields,
      method: method as string,
      isUnhandled: route === undefined && isFinalHandler(this.response),
      // express-request-id, pino-http and similar libraries set `id`.
      requestId: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    };
  }
}

/** Whether finalhandler, the last handler of Express and Connect, has answered: it sends 404 with a policy that allows nothing. */
function isFinalHandler(response: Response): boolean {
  return response.statusCode === 404 && response.getHeader('content-security-policy') === "default-src 'none'";
}
