import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import {
  createLoginAudit,
  markerOf,
  type RequestAdapter,
  type RequestSnapshot,
  type RouteCovers,
  warnOfForgeableAddress,
  watchSessionStore,
} from '@auditlogin/core/adapter';
import type { Request, RequestHandler, Response } from 'express';
import { hearRoutes, routeOf } from './matched-route.js';

// What else an application needs, so that it installs one package.
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

/** The middleware, and the auditor that it hands its attempts to. */
export type AuditLogin = RequestHandler & {
  /** Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
  /** What is audited of a route, by its path alone; `auditlogin doctor --app` asks it. */
  readonly covers: RouteCovers;
};

/**
 * Audits login attempts of an Express 4 or 5 application: `app.use(auditLogin())`. Each attempt becomes one event, sent after the response.
 * Mounted on a route (`app.post('/enter', auditLogin(), handler)`) it audits that route. It is plain middleware, so Connect, polka and node:http can run
 * it, too.
 *
 * @param options see {@link AuditLoginOptions}; what is left out comes from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<Request>(options);
  let app: unknown;

  const middleware: RequestHandler = function auditLogin(request, response, next) {
    if (request.app !== app) hearRoutes((app = request.app));
    const observation = audit.attend(new Exchange(request, response), request.route !== undefined);
    if (!observation) return next();
    // Mounted on a route, it runs when the router has told already.
    if (request.route !== undefined) observation.routed(routeOf(request.route, request));
    observation.run(next);
  };
  return Object.assign(middleware, { auditor: audit.auditor, covers: audit.covers });
}

/**
 * What a handler says about its attempt: `mark(req).failure('wrong_password', { actor: user })`. On a request that is no attempt by its route it
 * makes one; on a request that no `auditLogin()` has seen it warns.
 *
 * @param request the request
 */
export function mark(request: IncomingMessage): Marker {
  return markerOf(request);
}

/** Express gives each request a hidden class of its own, so every property is looked up the slow way: each is asked for once. */
class Exchange implements RequestAdapter<Request> {
  readonly target: string;

  constructor(
    readonly request: Request,
    private readonly response: Response,
  ) {
    // Connect and polka keep the whole target; node:http has nothing else.
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

  endSession(): void {
    (this.request as { session?: { destroy?(done: () => void): void } }).session?.destroy?.(() => undefined);
  }

  snapshot(): RequestSnapshot {
    const { user, session, body, fields, method, route, id } = this.request as unknown as Record<string, unknown>;
    return {
      user,
      session,
      // express-formidable, which AdminJS has, leaves a form there.
      body: body ?? fields,
      method: method as string,
      isUnhandled: route === undefined && isFinalHandler(this.response),
      // What express-request-id, pino-http and the like leave on the request.
      requestId: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    };
  }
}

/** finalhandler, which Express and Connect end with, answers 404 in HTML under a policy that allows nothing. */
function isFinalHandler(response: Response): boolean {
  return response.statusCode === 404 && response.getHeader('content-security-policy') === "default-src 'none'";
}
