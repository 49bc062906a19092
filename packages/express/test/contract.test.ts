import { adapterContract } from '@auditlogin/testing/contract';
import { runContract } from '../../../test/run-contract.js';
import { contractAdapters } from './contract-adapter.js';

for (const [version, adapter] of contractAdapters) runContract(`the adapter contract: ${version}`, adapterContract(adapter));
