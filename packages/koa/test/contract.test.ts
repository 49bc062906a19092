import { contract } from '@auditlogin/testing';
import { contractAdapters } from './contract-adapter.js';

describe.each(contractAdapters)('the adapter contract: %s', (_major, adapter) => {
  for (const { name, run, skip } of contract(adapter)) (skip ? test.skip : test)(skip ? `${name} (${skip})` : name, run);
});
