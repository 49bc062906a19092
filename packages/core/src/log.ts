// Entry point for tools that read, check and operate a log, such as the collector and the command line.
export type { SettingSource } from './config/environment.js';
export { type Connection, type ConnectionSources, readConnection, readSealKeys, spoolDirectory } from './config/options.js';
export { ERROR_CODES } from './errors.js';
export { type NormalisedAddress, normaliseAddress } from './event/address.js';
export { canonicalTail, canonicalText, isTrue } from './event/canonical.js';
export type { Actor, Crud, Group, StringMap, Target } from './event/event.js';
export { receiptMatches } from './event/hash.js';
export { eventId } from './event/id.js';
export type { IdInput, MapInput, TextInput } from './event/input.js';
export { normaliseEvent } from './event/normalise.js';
export { EVENT_KEYS, type Violation, violations } from './event/rules.js';
export {
  checkSeal,
  createSealer,
  ENGINE_PROJECT,
  projectKey,
  type Seal,
  type SealKey,
  sealKeyOf,
  sealOf,
  type SealVerdict,
  timeOfId,
} from './event/seal.js';
export { showControls, showJson } from './event/show.js';
export { accountOf, attemptsIn, correctionIn, type Facet, FACET_NAMES, type FacetName, FACETS, readFacets } from './formats/facets.js';
export { KNOWN_VALUES } from './formats/known-values.js';
export { SEARCH_FIELDS, unknownSearchField } from './formats/search-fields.js';
export { consoleLogger, isLogger } from './logger.js';
export type { BreakerState } from './publish/breaker.js';
export { httpTransport, type HttpTransportOptions } from './retraced/http-transport.js';
export { READ_BACK, readBack, type ReadBackEvent } from './retraced/read-back.js';
export { logPages, readLog, type ReadLogOptions } from './retraced/read-log.js';
export { fetchByProxy, type FetchedResponse } from './retraced/proxy.js';
export { destinationOf } from './spool/disk/directory.js';
export type { LedgerEntry } from './spool/disk/ledger.js';
export { operateSpools, type SpoolOperator, type SpoolSummary } from './spool/disk/operate.js';
export {
  checkLog,
  type Fault,
  FAULTS,
  type Finding,
  type LocalEvent,
  type LogEvidence,
  receiptsOutside,
  type Report,
} from './verify/check-log.js';
export { type ByDestination, localEventsIn, localReceiptsIn, type LogRecords, recordsOf } from './verify/local-records.js';
export { type LogVerdict, logVerdict } from './verify/verdict.js';
