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

/** The options of {@link auditLogin}; extractors see the Koa context as `request`. */
export type AuditLoginOptions = CoreOptions<Context>;

/** The middleware, and the auditor that it hands its attempts to. */
export type AuditLogin = Middleware & {
  /** Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
  /** What is audited of a route, by its path alone; `auditlogin doctor --app` asks it. */
  readonly covers: RouteCovers;
};

/**
 * Audits login attempts of a Koa 2 or 3 application: `app.use(auditLogin())`, best before all other middleware, so that what these refuse is recorded,
 * too. Each attempt becomes one event, sent after the response. On a route of @koa/router (`router.post('/enter', auditLogin(), handler)`) it audits that
 * route.
 *
 * @param options see {@link AuditLoginOptions}; what is left out comes from the environment
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
    // The promise that goes back is the application's own; what is told aside never rejects.
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
 * What a handler says about its attempt: `mark(ctx).failure('wrong_password', { actor: user })`. On a request that is no attempt by its route it
 * makes one; on a request that no `auditLogin()` has seen it warns.
 *
 * @param context the Koa context
 */
export function mark(context: Pick<Context, 'req'>): Marker {
  return markerOf(context.req);
}

class Exchange implements RequestAdapter<Context> {
  readonly target: string;
  /** A middleware of the application threw, so the answer is its own, whatever its status. */
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

  /** koa-passport and koa-jwt keep the user in the state, Passport itself on the request of node:http. */
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
      // What pino-http and the like leave on the request.
      requestId: typeof id === 'string' || typeof id === 'number' ? String(id) : undefined,
    };
  }
}

/** Koa's own 404, since nobody gave a status or a body; or the router's word that it has no such method. */
function isUnanswered(context: Context): boolean {
  const { status, response, respond, body } = context;
  if (status === 405 || status === 501) return lacksMethod(context);
  const { _explicitStatus: isExplicit } = response as { _explicitStatus?: boolean };
  return status === 404 && respond !== false && isExplicit !== true && (body === undefined || body === null);
}
