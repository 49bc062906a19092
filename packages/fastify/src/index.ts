import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import { createLoginAudit, markerOf, observationIn, type RouteCovers, warnOfForgeableAddress } from '@auditlogin/core/adapter';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Exchange, noteReached, routeOf } from './exchange.js';
import { type RouteAudit, routeAudits } from './route-audits.js';

export type { RouteAudit } from './route-audits.js';

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

/** The options of {@link auditLogin}; extractors see the Fastify request as `request`. */
export type AuditLoginOptions = CoreOptions<FastifyRequest>;

declare module 'fastify' {
  interface FastifyInstance {
    /** The auditor that receives the attempts. It is closed with the application, unless the application passed it as an option. */
    auditor: Auditor;
    /** Returns what is audited of a route, by its path alone. `auditlogin doctor --app` uses it. */
    auditCovers: RouteCovers;
  }
  interface FastifyContextConfig {
    auditLogin?: RouteAudit;
  }
}

const plugin: FastifyPluginCallback<AuditLoginOptions> = (fastify, options, done) => {
  const audit = createLoginAudit<FastifyRequest>(options);
  const { auditor } = audit;
  // The plugin may be registered twice; the first auditor stays the application's.
  if (!fastify.hasDecorator('auditor')) {
    fastify.decorate('auditor', auditor);
    fastify.decorate('auditCovers', audit.covers);
  }
  if (optionsOf(fastify).trustProxy === true) {
    warnOfForgeableAddress(fastify.server, '"trustProxy" is true; name the proxies, or say how many there are');
  }
  if (options.auditor === undefined) fastify.addHook('onClose', () => auditor.close());

  const audits = routeAudits(audit);
  const attend = (request: FastifyRequest, reply: FastifyReply): void => {
    const { config } = request.routeOptions as { config?: { auditLogin?: RouteAudit } };
    if (config?.auditLogin === false) return;
    audits.of(config?.auditLogin, request).attend(new Exchange(request, reply), config?.auditLogin !== undefined);
  };

  fastify.addHook('onRoute', ({ config }) => audits.prepare(config?.auditLogin));
  fastify.addHook('onRequest', (request, reply, next) => {
    attend(request, reply);
    inContext(request, next);
  });
  // At this point every session plugin has set its session, and no handler has changed it.
  fastify.addHook('preValidation', (request, _reply, next) => {
    noteReached(request);
    const route = routeOf(request);
    if (route) observationIn(request.raw)?.routed(route);
    // Body parsers may have lost the asynchronous context.
    inContext(request, next);
  });
  fastify.addHook('onSend', (request, reply, _payload, next) => {
    const observation = observationIn(request.raw);
    // Otherwise a hook before this plugin has sent the response.
    if (observation) observation.handled();
    else attend(request, reply);
    next();
  });
  fastify.addHook('onRequestAbort', (request, next) => {
    observationIn(request.raw)?.hungUp();
    next();
  });
  done();
};

/**
 * Audits login attempts of a Fastify 4 or 5 application: `fastify.register(auditLogin)`. Each attempt becomes one event, which is sent after the response. The
 * `config` of a route may have `auditLogin: true` to audit it whatever its path, `false` not to audit it, or an object with options for it.
 *
 * Options: see {@link AuditLoginOptions}; missing options come from the environment. Registering rejects with an AuditError
 * `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`.
 */
export const auditLogin: FastifyPluginCallback<AuditLoginOptions> = fastifyPlugin(plugin, {
  fastify: '4.x || 5.x',
  name: '@auditlogin/fastify',
});

/**
 * Returns the marker by which a handler states the outcome of its attempt: `mark(request).failure('wrong_password', { actor: user })`. A marker makes an
 * attempt of any request. It warns if the plugin does not observe the request.
 *
 * @param request the Fastify request
 */
export function mark(request: Pick<FastifyRequest, 'raw'>): Marker {
  return markerOf(request.raw);
}

function inContext({ raw }: FastifyRequest, next: () => void): void {
  const observation = observationIn(raw);
  if (observation) observation.run(next);
  else next();
}

/** Finds Fastify's own options, the only place that has `trustProxy`. */
function optionsOf(instance: object): { trustProxy?: unknown } {
  for (let holder: object | null = instance; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find(({ description }) => description === 'fastify.options');
    if (symbol) return (holder as Record<symbol, { trustProxy?: unknown }>)[symbol]!;
  }
  return {};
}
