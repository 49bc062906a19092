// What an adapter needs to show its framework to the core.
export { auditLoginSchema, createLoginAudit, type LoginAudit } from './adapter/login-audit.js';
export { abortedBy, markerOf } from './adapter/observation.js';
export type { RequestAdapter, RequestSnapshot } from './adapter/request-adapter.js';
export { sessionSnapshot } from './adapter/session-snapshot.js';
export { warnOfForgeableAddress } from './adapter/trust-warning.js';
export type { Attempt, Ending, Evidence, LoginSigns, Mark, OutcomeKind, RuleOutcome, SessionSnapshot } from './attempt/attempt.js';
export { decideOutcome, type Outcome, type RedirectRules } from './attempt/outcome.js';
