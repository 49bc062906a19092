import type { Auditor, AuditLoginOptions as CoreOptions, Marker } from '@auditlogin/core';
import { createLoginAudit, markerOf, observationIn, type RouteCovers, warnOfForgeableAddress } from '@auditlogin/core/adapter';
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Exchange, noteReached, routeOf } from './exchange.js';
import { type RouteAudit, routeAudits } from './route-audits.js';

export type { RouteAudit } from './route-audits.js';

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

/** The options of {@link auditLogin}; extractors see the Fastify request as `request`. */
export type AuditLoginOptions = CoreOptions<FastifyRequest>;

declare module 'fastify' {
  interface FastifyInstance {
    /** The auditor that attempts are handed to. It is closed with the application, unless it was given. */
    auditor: Auditor;
    /** What is audited of a route, by its path alone; `auditlogin doctor --app` asks it. */
    auditCovers: RouteCovers;
  }
  interface FastifyContextConfig {
    auditLogin?: RouteAudit;
  }
}

const plugin: FastifyPluginCallback<AuditLoginOptions> = (fastify, options, done) => {
  const audit = createLoginAudit<FastifyRequest>(options);
  const { auditor } = audit;
  // A second registration is harmless: the first auditor stays the application's.
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
  // By now every session plugin has put its session on the request, and no handler has changed it.
  fastify.addHook('preValidation', (request, _reply, next) => {
    noteReached(request);
    const route = routeOf(request);
    if (route) observationIn(request.raw)?.routed(route);
    // Body parsers may have lost the context on their way.
    inContext(request, next);
  });
  fastify.addHook('onSend', (request, reply, _payload, next) => {
    const observation = observationIn(request.raw);
    // A hook in front of this plugin has answered.
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
 * it makes one; on a request that the plugin has not seen it warns.
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

/** Fastify shows `trustProxy` nowhere but in its own options. */
function optionsOf(instance: object): { trustProxy?: unknown } {
  for (let holder: object | null = instance; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const symbol = Object.getOwnPropertySymbols(holder).find(({ description }) => description === 'fastify.options');
    if (symbol) return (holder as Record<symbol, { trustProxy?: unknown }>)[symbol]!;
  }
  return {};
}
