/** One test of a contract, for any test runner. It asserts by `node:assert`, so it passes if `run()` resolves. */
export interface ContractTest {
  name: string;
  run(): Promise<void>;
  /** Why it cannot run on this machine. */
  skip?: string;
  /** How long it may take, in milliseconds, if that is more than a runner usually allows. */
  timeout?: number;
}
