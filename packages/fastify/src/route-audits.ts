import type { AuditLoginOptions, AuditorOptions } from '@auditlogin/core';
import { createLoginAudit, type LoginAudit } from '@auditlogin/core/adapter';
import type { FastifyRequest } from 'fastify';

/** The value of `config.auditLogin` of a route: whether it is audited, or options for it. */
export type RouteAudit = boolean | Omit<AuditLoginOptions<FastifyRequest>, keyof AuditorOptions | 'auditor' | 'routes' | 'rules'>;

/** The audits of routes that have their own setting. */
export interface RouteAudits {
  /**
   * Checks the setting of a new route.
   *
   * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` or `ERR_AUDIT_OPTION_INVALID`
   */
  prepare(said: RouteAudit | undefined): void;
  /** Returns the audit of a request's route. A route that was declared before the plugin is checked here, and a warning names it if its setting is invalid. */
  of(said: RouteAudit | undefined, request: FastifyRequest): LoginAudit<FastifyRequest>;
}

/**
 * Creates the audits of routes with their own setting.
 *
 * @param audit the audit of all other routes
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
          `config.auditLogin of ${String(method)} ${JSON.stringify(url)} is ignored: ${(error as Error).message}`,
        );
        return audit;
      }
    },
  };
}
