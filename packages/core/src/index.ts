export { type Auditor, type AuditorParts, type AuditorStats, createAuditor } from './auditor.js';
export { type AuditLoginOptions, auditLoginSchema, createLoginAudit, type LoginAudit } from './login-audit.js';
export type { AttemptSource, Look } from './attempt-source.js';
export { abortedBy, markerOf } from './observation.js';
export {
  type AuditorOptions,
  type Connection,
  type ConnectionSources,
  optionNames,
  parseOptions,
  readConnection,
  readSealKeys,
  spoolDirectory,
} from './options.js';
export type { SettingSource } from './environment.js';
export { AuditError, type AuditErrorCode, type AuditErrorDetails, ERROR_CODES, isAuditError } from './errors.js';
export { consoleLogger, isLogger, type Logger } from './logger.js';
export { nearest } from './nearest.js';

export { ACTIONS, type AuditAction } from './attempt/action.js';
export {
  type ActorInput,
  type Attempt,
  type Ending,
  type Evidence,
  type GroupInput,
  type LoginSigns,
  type Mark,
  type OutcomeKind,
  type Reason,
  REASONS,
  type RuledOutcome,
  type SessionSight,
} from './attempt/attempt.js';
export type { AttemptView, Extractor, Extractors, OutcomeAnswer, OutcomeRule, OutcomeView } from './attempt/extract.js';
export type { Marker, MarkDetails } from './attempt/marker.js';
export { decideOutcome, type Outcome, type RedirectRules } from './attempt/outcome.js';
export { sightOf } from './attempt/session.js';
export { warnOfForgeableAddress } from './attempt/trust.js';

export { type NormalisedAddress, normaliseAddress } from './event/address.js';
export { canonicalTail, canonicalText, isTrue } from './event/canonical.js';
export type { Actor, AuditEvent, Crud, Group, Receipt, StringMap, Target } from './event/event.js';
export { eventHash, receiptMatches } from './event/hash.js';
export { eventId } from './event/id.js';
export { type EventInput, type IdInput, type MapInput, normaliseEvent, type TextInput } from './event/normalise.js';
export { READ_BACK, readBack, type ReadBackEvent } from './event/read-back.js';
export { checkSeal, type Seal, type SealKey, sealKeyOf, sealOf, type SealVerdict, timeOfId } from './event/seal.js';
export { showControls } from './event/show.js';
export { serialise, type SerialisedEvent } from './event/serialise.js';
export type { TypedIdentityPolicy } from './event/privacy.js';
export { type EcsEvent, toEcs } from './event/formats/ecs.js';
export { type OcsfEvent, toOcsf } from './event/formats/ocsf.js';
export { EVENT_KEYS, type Violation, violations } from './event/rules.js';

export { backoff } from './publish/retry.js';
export { httpTransport, type HttpTransportOptions } from './publish/http-transport.js';
export type { CheckedReceipt, Verdict } from './publish/receipt.js';
export type { BreakerState, InDoubt } from './publish/publisher.js';
export type { Delivery, Search, ServerDelivery, Transport } from './publish/transport.js';
export { destinationOf } from './spool/directory.js';
export type { LedgerEntry } from './spool/ledger.js';
export { operateSpools, type SpoolOperator, type SpoolSummary } from './spool/operate.js';
export type { Fold, FoldingSpool, SetAsideEvent, Settled, SharedSpool, Spool, SpooledEvent, SpoolSize } from './spool/spool.js';
export { createRelay, type Relay, type RelayHealth, type RelayOptions, type RelayStats } from './relay.js';
export { createHand, type Hand } from './spool/hand.js';
export { spooledEvent } from './spool/spooled-event.js';
export { createTally, type Tally } from './spool/tally.js';
export { refusalOf, type SpoolBounds } from './spool/bounds.js';
export type { Health } from './telemetry/health.js';

export { heldIn, receiptsIn } from './verify/held.js';
export { type Fault, FAULTS, type Finding, type HeldEvent, judgeLog, type LogEvidence, type Report } from './verify/judge.js';
export { logPages, readLog, type ReadLogOptions } from './verify/read-log.js';
