import { adapterContract } from '@auditlogin/testing/contract';
import { runContract } from '../../../test/run-contract.js';
import { contractAdapters } from './contract-adapter.js';

for (const [version, adapter] of contractAdapters) {
  for (const durability of ['after-response', 'before-response'] as const) {
    runContract(`the adapter contract: ${version}, ${durability}`, adapterContract(adapter, { durability }));
  }
}
