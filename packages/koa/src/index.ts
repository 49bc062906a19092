import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import {
  createLoginAudit,
  markerOf,
  type RequestAdapter,
  type RequestSnapshot,
  type RouteCovers,
  type RouteSnapshot,
  shielded,
  warnOfForgeableAddress,
} from '@auditlogin/core/adapter';
import type { Context, Middleware } from 'koa';
import { isOnRoute, lacksMethod, matchedRoute } from './matched-route.js';
import { loadedSession, watchSessions } from './session-context.js';

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

/** The options of {@link auditLogin}; extractors see the Koa context as `request`. */
export type AuditLoginOptions = CoreOptions<Context>;

/** The middleware, with its auditor. */
export type AuditLogin = Middleware & {
  /** The auditor that receives the attempts. Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
  /** Returns what is audited of a route, by its path alone. `auditlogin doctor --app` uses it. */
  readonly covers: RouteCovers;
};

/**
 * Audits login attempts of a Koa 2 or 3 application: `app.use(auditLogin())`. Mount it before all other middleware, so that it also records requests that
 * these refuse. Each attempt becomes one event, which is sent after the response. On a route of @koa/router (`router.post('/enter', auditLogin(), handler)`) it
 * audits that route.
 *
 * @param options see {@link AuditLoginOptions}; missing options come from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<Context>(options);
  let app: unknown;

  const middleware: Middleware = function auditLogin(context, next) {
    const exchange = new Exchange(context);
    const observation = audit.attend(exchange, isOnRoute(context, middleware));
    if (!observation) return next();
    if (context.app !== app) {
      app = context.app;
      shielded(audit.auditor.problem, undefined, () => watchSessions(context));
    }
    const route = matchedRoute(context);
    if (route) observation.routed(route);
    const handled = observation.run(next);
    // The application's own promise is returned. The derived promise never rejects.
    void Promise.resolve(handled).then(
      () => {
        if (context.respond !== false) observation.handled();
      },
      () => {
        exchange.hasThrown = true;
        observation.handled();
      },
    );
    return handled;
  };
  return Object.assign(middleware, { auditor: audit.auditor, covers: audit.covers });
}

/**
 * Returns the marker by which a handler states the outcome of its attempt: `mark(ctx).failure('wrong_password', { actor: user })`. A marker makes an attempt
 * of any request. It warns if no `auditLogin()` observes the request.
 *
 * @param context the Koa context
 */
export function mark(context: Pick<Context, 'req'>): Marker {
  return markerOf(context.req);
}

class Exchange implements RequestAdapter<Context> {
  readonly target: string;
  /** Whether middleware of the application threw, so that the response is the application's, whatever its status. */
  hasThrown = false;

  constructor(readonly request: Context) {
    this.target = request.originalUrl;
  }

  get incoming(): IncomingMessage {
    return this.request.req;
  }

  get outgoing(): ServerResponse {
    return this.request.res;
  }

  address(): string | undefined {
    const { app, ip } = this.request;
    if (app.proxy && !(app.maxIpsCount > 0)) {
      warnOfForgeableAddress(app, '"app.proxy" is true without "maxIpsCount"; say how many proxies there are');
    }
    return ip;
  }

  /** koa-passport and koa-jwt store the user in the state, Passport itself on the request of node:http. */
  user(): unknown {
    const { state, req } = this.request;
    return (state as { user?: unknown }).user ?? (req as { user?: unknown }).user;
  }

  session(): unknown {
    return loadedSession(this.request);
  }

  endSession(): void {
    if (this.session() !== undefined) this.request['session'] = null;
  }

  route(): RouteSnapshot | undefined {
    return matchedRoute(this.request);
  }

  snapshot(): RequestSnapshot {
    const { request, method, req } = this.request;
    const { id, body } = req as { id?: unknown; body?: unknown };
    return {
      user: this.user(),
      session: this.session(),
      body: (request as { body?: unknown }).body ?? body,
      method,
      isUnhandled: !this.hasThrown && isUnanswered(this.request) && this.route() === undefined,
      // pino-http and similar libraries set `id`.
      requestId: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    };
  }
}

/** Whether nobody has answered: Koa sends its own 404 if no status or body was set, and routers refuse methods that they do not have. */
function isUnanswered(context: Context): boolean {
  const { status, response, respond, body } = context;
  if (status === 405 || status === 501) return lacksMethod(context);
  const { _explicitStatus: isExplicit } = response as { _explicitStatus?: boolean };
  return status === 404 && respond !== false && isExplicit !== true && (body === undefined || body === null);
}
