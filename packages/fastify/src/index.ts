import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  abortedBy,
  type RequestAdapter,
  createLoginAudit,
  type LoginAudit,
  type RequestSnapshot,
  markerOf,
  type SessionSnapshot,
  sessionSnapshot,
  warnOfForgeableAddress,
} from '@auditlogin/core/adapter';
import type { Auditor, AuditLoginOptions as CoreOptions, AuditorOptions, Marker } from '@auditlogin/core';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

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

/** The options of {@link auditLogin}; extractors see the Fastify request as `request`. */
export type AuditLoginOptions = CoreOptions<FastifyRequest>;

/** What a route may say in `config.auditLogin`: that it is audited, that it is not, or how it is read. */
export type RouteAudit = boolean | Omit<AuditLoginOptions, keyof AuditorOptions | 'auditor' | 'routes' | 'rules'>;

declare module 'fastify' {
  interface FastifyInstance {
    /** The auditor that attempts are handed to. It is closed with the application, unless it was given. */
    auditor: Auditor;
  }
  interface FastifyContextConfig {
    auditLogin?: RouteAudit;
  }
}

const ROUTE_AUDIT = Symbol.for('auditlogin.route');
const SIGHT = Symbol('auditlogin.sight');
type Sighted = { [SIGHT]?: SessionSnapshot | undefined };

const plugin: FastifyPluginCallback<AuditLoginOptions> = (fastify, options, done) => {
  const audit = createLoginAudit<FastifyRequest>(options);
  const { auditor } = audit;
  // A second registration is harmless: the first auditor stays the application's.
  if (!fastify.hasDecorator('auditor')) fastify.decorate('auditor', auditor);
  if (optionsOf(fastify).trustProxy === true) {
    warnOfForgeableAddress(fastify.server, '"trustProxy" is true; name the proxies, or say how many there are');
  }
  if (options.auditor === undefined) fastify.addHook('onClose', () => auditor.close());

  fastify.addHook('onRoute', (route) => {
    const said = route.config?.auditLogin;
    if (typeof said !== 'object') return;
    route.config = { ...route.config, [ROUTE_AUDIT]: createLoginAudit<FastifyRequest>({ ...said, auditor }) } as typeof route.config;
  });
  fastify.addHook('onRequest', (request, reply, next) => {
    const { config } = request.routeOptions as { config: { auditLogin?: RouteAudit; [ROUTE_AUDIT]?: LoginAudit<FastifyRequest> } };
    if (config.auditLogin !== false) (config[ROUTE_AUDIT] ?? audit).attend(new Exchange(request, reply), config.auditLogin !== undefined);
    next();
  });
  fastify.addHook('onRequestAbort', (request, next) => {
    abortedBy(request.raw);
    next();
  });
  // By now every session plugin has put its session on the request, and no handler has changed it.
  fastify.addHook('preValidation', (request, _reply, next) => {
    (request as Sighted)[SIGHT] = sessionSnapshot(sessionOf(request));
    next();
  });
  done();
};

/**
 * Audits login attempts of a Fastify 4 or 5 application: `fastify.register(auditLogin)`. Each attempt becomes one event, sent after the response.
 * A route says `config: { auditLogin: true }` to be audited whatever its path, `false` not to be, or an object to be read in its own way.
 *
 * Options: see {@link AuditLoginOptions}; what is left out comes from the environment. Registering rejects with an AuditError
 * `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`.
 */
export const auditLogin: FastifyPluginCallback<AuditLoginOptions> = fastifyPlugin(plugin, {
  fastify: '4.x || 5.x',
  name: '@auditlogin/fastify',
});

/**
 * What a handler says about its attempt: `mark(request).failure('wrong_password', { actor: user })`. On a request that is no attempt by its route
 * it makes one; on a request that the plugin has not seen it does nothing.
 *
 * @param request the Fastify request
 */
export function mark(request: Pick<FastifyRequest, 'raw'>): Marker {
  return markerOf(request.raw);
}

class Exchange implements RequestAdapter<FastifyRequest> {
  readonly target: string;

  constructor(
    readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    this.target = request.originalUrl;
  }

  get incoming(): IncomingMessage {
    return this.request.raw;
  }

  get outgoing(): ServerResponse {
    return this.reply.raw;
  }

  address(): string | undefined {
    return this.request.ip;
  }

  user(): unknown {
    return (this.request as { user?: unknown }).user;
  }

  /** A hook does, which runs behind every session plugin. */
  watchSession(): void {}

  sessionBefore(): SessionSnapshot | 'unseen' | undefined {
    return SIGHT in this.request ? (this.request as Sighted)[SIGHT] : 'unseen';
  }

  endSession(): void {
    void (this.request as { session?: { destroy?(): unknown } }).session?.destroy?.();
  }

  look(): RequestSnapshot {
    const { request } = this;
    return {
      user: this.user(),
      session: sessionOf(request),
      body: request.body,
      routed: !request.is404,
      route: request.routeOptions.url,
      requestId: String(request.id),
    };
  }
}

/** Fastify shows `trustProxy` nowhere but in its own options. */
function optionsOf(instance: object): { trustProxy?: unknown } {
  for (let holder: object | null = instance; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find(({ description }) => description === 'fastify.options');
    if (symbol) return (holder as Record<symbol, { trustProxy?: unknown }>)[symbol]!;
  }
  return {};
}

function sessionOf(request: FastifyRequest): unknown {
  return (request as { session?: unknown }).session;
}
