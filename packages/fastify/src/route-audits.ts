import type { AuditLoginOptions, AuditorOptions } from '@auditlogin/core';
import { createLoginAudit, type LoginAudit } from '@auditlogin/core/adapter';
import type { FastifyRequest } from 'fastify';

/** What a route may say in `config.auditLogin`: that it is audited, that it is not, or how it is read. */
export type RouteAudit = boolean | Omit<AuditLoginOptions<FastifyRequest>, keyof AuditorOptions | 'auditor' | 'routes' | 'rules'>;

/** How routes are read that say so themselves. */
export interface RouteAudits {
  /**
   * Takes what a new route says.
   *
   * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` or `ERR_AUDIT_OPTION_INVALID`
   */
  prepare(said: RouteAudit | undefined): void;
  /** How the route of a request is read. A route that was declared before the plugin is heard here; where it says what is none, a warning names it. */
  of(said: RouteAudit | undefined, request: FastifyRequest): LoginAudit<FastifyRequest>;
}

/**
 * Reads the settings of routes.
 *
 * @param audit how all other routes are read
 */
export function routeAudits(audit: LoginAudit<FastifyRequest>): RouteAudits {
  const { auditor } = audit;
  const made = new WeakMap<object, LoginAudit<FastifyRequest>>();
  const prepare = (said: RouteAudit | undefined): LoginAudit<FastifyRequest> => {
    if (typeof said !== 'object' || said === null) return audit;
    const known = made.get(said) ?? createLoginAudit<FastifyRequest>({ ...said, auditor });
    made.set(said, known);
    return known;
  };
  return {
    prepare: (said) => void prepare(said),
    of(said, { routeOptions: { method, url } }) {
      try {
        return prepare(said);
      } catch (error) {
        made.set(said as object, audit);
        auditor.advise(
          `route ${String(method)} ${url}`,
          `config.auditLogin of ${String(method)} ${JSON.stringify(url)} is not heard: ${(error as Error).message}`,
        );
        return audit;
      }
    },
  };
}
