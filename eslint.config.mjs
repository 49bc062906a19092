import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { walls } from './eslint.rooms.mjs';

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'test/consumers/*/', 'test/guides/command/src/', '.auditlogin/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      // The ports of this project are plain objects whose functions never use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Ids may be objects with their own `toString`, such as an ObjectId.
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      complexity: ['error', 12],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: false } }],
      'no-restricted-syntax': ['error', { selector: 'ExportAllDeclaration', message: 'Name what is exported.' }],
    },
  },
  {
    // Files with functions above the complexity limit. Remove a file when its functions are below the limit, and add none.
    files: [
      'examples/express-passport/src/row.ts',
      'packages/cli/src/commands/{import,relay}.ts',
      'packages/cli/src/kubernetes/kubeconfig.ts',
      'packages/core/src/{adapter,attempt}/**',
      'packages/jetstream/src/lease.ts',
    ],
    rules: { complexity: 'off' },
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
  { files: ['**/*.cts'], languageOptions: { globals: { __dirname: 'readonly' } } },
  {
    files: ['test/apps/**/*.{js,cjs}'],
    languageOptions: { sourceType: 'commonjs', globals: { process: 'readonly', console: 'readonly', __dirname: 'readonly' } },
  },
  {
    files: ['test/apps/*/*.mjs'],
    languageOptions: { globals: { Buffer: 'readonly', URL: 'readonly', URLSearchParams: 'readonly' } },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  {
    files: ['**/test/**/*.{ts,mts}'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  walls,
);
