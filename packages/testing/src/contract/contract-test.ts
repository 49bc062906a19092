/** One test of a contract, for any test runner. It passes if `run()` resolves, and fails with an error of `node:assert`. */
export interface ContractTest {
  name: string;
  run(): Promise<void>;
  /** Why the test cannot run on this machine. */
  skip?: string;
  /** How long the test may take, in milliseconds, if that exceeds a runner's usual time-out. */
  timeout?: number;
}
