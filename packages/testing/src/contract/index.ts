// Entry point for authors of adapters and engines: the contract tests, and a server that can be told to fail.
export { adapterContract, type AdapterContractParts } from './adapter-contract.js';
export {
  type ContractAdapter,
  type ContractAnswer,
  type ContractClient,
  type ContractExchange,
  contractRoutes,
  type ContractServer,
  type ContractSetup,
  type Scenario,
  type SendOptions,
} from './scenarios/scenario.js';
export type { ContractTest } from './contract-test.js';
export { answer, type Fault, type FaultServer, startFaultServer, TOKEN, watchedAuditor, type WatchedAuditor } from './fault-server.js';
export {
  coalescingContract,
  settle,
  sharedSpoolContract,
  type SharedSpoolUnderContract,
  spoolContract,
  type SpoolUnderContract,
  spoolEvent,
} from './spool-contract.js';
