import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom (ARCHITECTURE.md). Each room names what it may reach outside itself; everything else is an error.
 *
 * @param {string} files the room
 * @param {string[]} folders the folders of core that the room must not reach
 * @param {string[]} packages the packages that it must not reach
 * @param {string[]} [ignores] files of the room that may
 */
function room(files, folders, packages, ignores = []) {
  const patterns = [
    ...folders.map((folder) => ({
      regex: `^\\.\\.?/(?:.*/)?${folder}(?:/|\\.js$)`,
      message: `${files} may not import ${folder} (ARCHITECTURE.md).`,
    })),
    ...packages.map((name) => ({ regex: `^${name}(?:/|$)`, message: `${files} may not import ${name} (ARCHITECTURE.md).` })),
  ];
  return { files: [files], ignores, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
}

const FRAMEWORKS = ['express', 'koa', 'fastify'];
const OWN = ['@auditlogin'];

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'test/consumers/*/', 'test/guides/command/src/', '.auditlogin/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      // Our ports are plain objects: their functions never use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Ids are read from objects by their own `toString`, as an ObjectId has one.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: false } }],
      'no-restricted-syntax': ['error', { selector: 'ExportAllDeclaration', message: 'Name what is exported.' }],
    },
  },
  {
    files: ['packages/collector/viewer/**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './packages/collector/viewer/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
  },
  { files: ['packages/collector/viewer/console/*.js'], languageOptions: { sourceType: 'script' } },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', setTimeout: 'readonly', Response: 'readonly' } },
  },
  {
    files: ['**/test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  room(
    'packages/core/src/attempt/**',
    ['publish', 'spool', 'auditor', 'options', 'login-audit', 'observation', 'reading'],
    ['undici', ...FRAMEWORKS, ...OWN],
  ),
  room(
    'packages/core/src/event/**',
    ['publish', 'spool', 'auditor', 'options', 'login-audit', 'observation', 'reading'],
    ['undici', ...FRAMEWORKS, ...OWN],
  ),
  room(
    'packages/core/src/spool/**',
    ['attempt', 'publish', 'verify', 'telemetry', 'auditor', 'options', 'login-audit', 'observation', 'reading'],
    ['undici', ...FRAMEWORKS, ...OWN],
  ),
  room(
    'packages/core/src/verify/**',
    ['attempt', 'publish', 'telemetry', 'auditor', 'options', 'login-audit', 'observation', 'reading'],
    ['undici', ...FRAMEWORKS, ...OWN],
  ),
  room(
    'packages/core/src/publish/**',
    ['attempt', 'auditor', 'options', 'login-audit', 'observation', 'reading'],
    ['undici', ...FRAMEWORKS, ...OWN],
    ['**/http-transport.ts'],
  ),
  room('packages/core/src/*.ts', [], ['undici', ...FRAMEWORKS, ...OWN], ['**/errors.ts']),
  room('packages/core/src/errors.ts', ['.*'], ['.*']),
  room('packages/express/src/**', [], ['undici', 'koa', 'fastify', '@auditlogin/(?!core)']),
  room('packages/koa/src/**', [], ['undici', 'express', 'fastify', '@auditlogin/(?!core)']),
  room('packages/fastify/src/**', [], ['undici', 'express', 'koa', '@auditlogin/(?!core)']),
  room('packages/testing/src/**', [], ['undici', ...FRAMEWORKS, '@auditlogin/(?!core)']),
  room('packages/collector/src/**', [], ['undici', 'koa', 'fastify', '@auditlogin/(?!core)']),
  room(
    'packages/collector/src/store/**',
    ['api', 'viewer', 'app', 'server'],
    ['express', 'undici', 'koa', 'fastify', '@auditlogin/(?!core)'],
  ),
  room('packages/collector/viewer/src/**', ['\\.\\./src'], ['node:.*', 'undici', ...FRAMEWORKS, '@auditlogin/(?!core/browser)']),
  room('packages/cli/src/**', [], ['undici', ...FRAMEWORKS, '@auditlogin/(?!core|collector|postgres|jetstream)']),
  room('packages/{postgres,jetstream}/src/**', [], ['undici', ...FRAMEWORKS, '@auditlogin/(?!core)']),
);
