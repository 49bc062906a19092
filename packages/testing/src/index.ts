export {
  contract,
  type ContractAdapter,
  type ContractClient,
  type ContractExchange,
  type ContractParts,
  contractRoutes,
  type ContractServer,
  type ContractSetup,
  type ContractTest,
  type Scenario,
  type SendOptions,
} from './contract.js';
export { auditMatchers, type AuditExpectation, type AuditMatchers } from './matchers.js';
export { type RecordingAuditor, recordingAuditor } from './recording-auditor.js';
