import { contract } from '@auditlogin/testing';
import { contractAdapters } from './contract-adapter.js';

describe.each(contractAdapters)('the adapter contract: %s', (_major, adapter) => {
  test.each(contract(adapter).map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run());
});
