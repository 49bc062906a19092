// What every adapter and every spool must hold, for their authors, and a server that fails in every way.
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
} from './scenario.js';
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
