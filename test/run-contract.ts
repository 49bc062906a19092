import type { ContractTest } from '@auditlogin/testing/contract';

/**
 * Makes Jest tests of a contract.
 *
 * @param name whose contract it is
 * @param tests the contract
 */
export function runContract(name: string, tests: readonly ContractTest[]): void {
  describe(name, () => {
    for (const { name, run, skip, timeout } of tests) {
      if (skip === undefined) test(name, run, timeout);
      else test.skip(`${name} (${skip})`, run);
    }
  });
}
