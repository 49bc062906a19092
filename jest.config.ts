/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  // Tests run on the sources of the packages, so that they need no build.
  testEnvironmentOptions: { customExportConditions: ['@auditlogin/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/examples/*/test/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  transform: {
    '\\.c?ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^(\\.{1,2}/.*-path)\\.cjs$': '$1.cts' },
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/dist', '<rootDir>/examples/[^/]+/dist'],
  testTimeout: 20_000,
  // The default is one worker fewer than there are cores, which would leave one of two cores idle.
  maxWorkers: '100%',
};

export default config;
