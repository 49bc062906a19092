// Entry point for adapters, which connect a web framework to the core.
export { watchSessionStore } from './adapter/express-session.js';
export { auditLoginSchema, createLoginAudit, type LoginAudit, type RouteCovers } from './adapter/login-audit.js';
export type { Observation } from './adapter/observation.js';
export { markerOf, observationIn } from './adapter/observed-request.js';
export type { RequestAdapter, RequestSnapshot, RouteSnapshot } from './adapter/request-adapter.js';
export { sessionSnapshot } from './adapter/session-snapshot.js';
export { shielded } from './adapter/shielded.js';
export { warnOfForgeableAddress } from './adapter/trust-warning.js';
// Adapters import these from here, because importing the entry point of applications enables `mark()` without a request.
export { graphqlLogin } from './adapter/graphql-login.js';
export { createAuditor } from './auditor/auditor.js';
export { AuditError, isAuditError } from './errors.js';
export type { Attempt, Ending, LibraryVerdict, Mark, OutcomeKind, RuleOutcome, SessionSnapshot } from './attempt/attempt.js';
export { decideOutcome, type Outcome } from './attempt/outcome.js';
export type { RouteCover } from './attempt/route-match.js';
export type { RedirectRules } from './attempt/redirects.js';
