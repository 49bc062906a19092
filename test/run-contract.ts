import type { ContractTest } from '@auditlogin/testing/contract';

/**
 * Registers the tests of a contract with Jest.
 *
 * @param name name of the contract
 * @param tests tests of the contract
 */
export function runContract(name: string, tests: readonly ContractTest[]): void {
  describe(name, () => {
    for (const { name, run, skip, timeout } of tests) {
      if (skip === undefined) test(name, run, timeout);
      else test.skip(`${name} (${skip})`, run);
    }
  });
}
