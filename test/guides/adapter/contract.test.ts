// #region test
import { adapterContract } from '@auditlogin/testing/contract';
import { httpAdapter } from './application.js';

describe('the adapter contract: node:http', () => {
  for (const { name, run, skip } of adapterContract(httpAdapter)) (skip === undefined ? test : test.skip)(name, run);
});
// #endregion
