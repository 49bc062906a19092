import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type RequestAdapter,
  createLoginAudit,
  type RequestSnapshot,
  markerOf,
  type SessionSnapshot,
  sessionSnapshot,
  warnOfForgeableAddress,
} from '@auditlogin/core/adapter';
import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import type { Context, Middleware } from 'koa';

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

/** The options of {@link auditLogin}; extractors see the Koa context as `request`. */
export type AuditLoginOptions = CoreOptions<Context>;

/** The middleware, and the auditor that it hands its attempts to. */
export type AuditLogin = Middleware & {
  /** Call its `close()` before the process ends by a signal. */
  readonly auditor: Auditor;
};

/** What koa-session calls its symbol: until release 6, and from 7 on. */
const SESSION_IS_LOADED = new Set(['context#_contextSession', 'contextSession instance']);

/**
 * Audits login attempts of a Koa 2 or 3 application: `app.use(auditLogin())`. Each attempt becomes one event, sent after the response. On a
 * route of @koa/router (`router.post('/enter', auditLogin(), handler)`) it audits that route. Mount it behind the session middleware: koa-session
 * loads a session only there.
 *
 * @param options see {@link AuditLoginOptions}; what is left out comes from the environment
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function auditLogin(options: AuditLoginOptions = {}): AuditLogin {
  const audit = createLoginAudit<Context>(options);

  const middleware: Middleware = function auditLogin(context, next) {
    if (context.app.proxy && !(context.app.maxIpsCount > 0)) {
      warnOfForgeableAddress(context.app, '"app.proxy" is true without "maxIpsCount"; say how many proxies there are');
    }
    audit.attend(new Exchange(context), isOnRoute(context, middleware));
    return next();
  };
  return Object.assign(middleware, { auditor: audit.auditor });
}

/**
 * What a handler says about its attempt: `mark(ctx).failure('wrong_password', { actor: user })`. On a request that is no attempt by its route it
 * makes one; on a request that no `auditLogin()` has seen it does nothing.
 *
 * @param context the Koa context
 */
export function mark(context: Pick<Context, 'req'>): Marker {
  return markerOf(context.req);
}

class Exchange implements RequestAdapter<Context> {
  readonly target: string;
  private before: SessionSnapshot | 'unseen' | undefined;

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
    return this.request.ip;
  }

  user(): unknown {
    return userOf(this.request);
  }

  watchSession(): void {
    this.before = hasSession(this.request) ? sessionSnapshot(this.request['session']) : 'unseen';
  }

  sessionBefore(): SessionSnapshot | 'unseen' | undefined {
    return this.before;
  }

  endSession(): void {
    if (hasSession(this.request)) this.request['session'] = null;
  }

  look(): RequestSnapshot {
    const context = this.request;
    const matched: unknown = context['_matchedRoute'];
    return {
      user: userOf(context),
      session: hasSession(context) ? (context['session'] as unknown) : undefined,
      body: (context.request as { body?: unknown }).body,
      routed: matched !== undefined,
      route: typeof matched === 'string' ? matched : undefined,
    };
  }
}

/** koa-passport and koa-jwt keep the user in the state, Passport itself on the request of node:http. */
function userOf(context: Context): unknown {
  return (context.state as { user?: unknown }).user ?? (context.req as { user?: unknown }).user;
}

/**
 * Whether the session can be looked at. The getter of koa-session makes a new session when it is asked before its middleware has loaded the old
 * one; that it has shows in a symbol on the context.
 */
function hasSession(context: Context): boolean {
  if (Object.hasOwn(context, 'session')) return true;
  return Object.getOwnPropertySymbols(context).some(({ description }) => SESSION_IS_LOADED.has(description ?? ''));
}

/** On a route, and not on its router: a router's own middleware runs for all of its routes. */
function isOnRoute(context: Context, middleware: Middleware): boolean {
  const layers = context['matched'] as { methods: string[]; stack: unknown[] }[] | undefined;
  return layers?.some((layer) => layer.methods.length > 0 && layer.stack.includes(middleware)) ?? false;
}
