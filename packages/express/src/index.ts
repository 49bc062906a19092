import type { IncomingMessage } from 'node:http';
import {
  type RequestAdapter,
  createLoginAudit,
  type RequestSnapshot,
  markerOf,
  type SessionSnapshot,
  warnOfForgeableAddress,
} from '@auditlogin/core/adapter';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import type { Request, RequestHandler, Response } from 'express';
import { sessionAsPut, type SessionSeen, watchSession } from './session.js';

// What else an application needs, so that it installs one package.
export {
  type ActorInput,
  type AttemptView,
  type AuditAction,
  AuditError,
  type AuditErrorCode,
  type AuditErrorDetails,
  type AuditEvent,
  type Auditor,
  type AuditorOptions,
  type AuditorParts,
  type AuditorStats,
  type CheckedReceipt,
  createAuditor,
  type EventInput,
  type Extractor,
  type Extractors,
  type GroupInput,
  type Health,
  isAuditError,
  type Logger,
  type MarkDetails,
  type Marker,
  type OutcomeAnswer,
  type OutcomeRule,
  type OutcomeView,
  type Reason,
  type Receipt,
  type TypedIdentityPolicy,
  type Verdict,
} from '@auditlogin/core';

/** The options of {@link auditLogin}; extractors see the Express request as `request`. */
export type AuditLoginOptions = CoreOptions<Request>;

/** The middleware, and the auditor that it hands its attempts to. */
export type AuditLogin = RequestHandler & {
  /** Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
};

/**
 * Audits login attempts of an Express 4 or 5 application: `app.use(auditLogin())`. Each attempt becomes one event, sent after the response.
 * Mounted on a route (`app.post('/enter', auditLogin(), handler)`) it audits that route.
 *
 * @param options see {@link AuditLoginOptions}; what is left out comes from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<Request>(options);

  const middleware: RequestHandler = function auditLogin(request, response, next) {
    audit.attend(new Exchange(request, response), request.route !== undefined);
    next();
  };
  return Object.assign(middleware, { auditor: audit.auditor });
}

/**
 * What a handler says about its attempt: `mark(req).failure('wrong_password', { actor: user })`. On a request that is no attempt by its route it
 * makes one; on a request that no `auditLogin()` has seen it does nothing.
 *
 * @param request the request
 */
export function mark(request: IncomingMessage): Marker {
  return markerOf(request);
}

/** Express gives each request a hidden class of its own, so every property is looked up the slow way: each is asked for once. */
class Exchange implements RequestAdapter<Request> {
  readonly target: string;
  private seen: SessionSeen | undefined;

  constructor(
    readonly request: Request,
    readonly outgoing: Response,
  ) {
    this.target = request.originalUrl;
  }

  get incoming(): IncomingMessage {
    return this.request;
  }

  address(): string | undefined {
    const { app, ip } = this.request;
    if (app.get('trust proxy') === true) {
      warnOfForgeableAddress(app, '"trust proxy" is true; name the proxies, or say how many there are');
    }
    return ip;
  }

  user(): unknown {
    return (this.request as { user?: unknown }).user;
  }

  watchSession(): void {
    this.seen = watchSession(this.request);
  }

  sessionBefore(): SessionSnapshot | 'unseen' | undefined {
    const seen = this.seen ?? sessionAsPut(this.request);
    return seen ? seen.sight : 'unseen';
  }

  endSession(): void {
    (this.request as { session?: { destroy?(done: () => void): void } }).session?.destroy?.(() => undefined);
  }

  look(): RequestSnapshot {
    const { user, session, body, route, id } = this.request as unknown as Record<string, unknown>;
    return {
      user,
      session,
      body,
      routed: route !== undefined,
      route: patternOf(route),
      // What express-request-id, pino-http and the like leave on the request.
      requestId: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    };
  }
}

function patternOf(route: unknown): string | undefined {
  const path = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : undefined;
}
