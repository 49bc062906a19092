import boundaries from 'eslint-plugin-boundaries';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * The allowed imports. Each room lists everything that its files may import from outside the room, and lint refuses all other imports
 * (`boundaries/dependencies`). `test/walls.test.ts` breaks each wall once, and checks that the imports of rooms are not circular.
 *
 * @typedef {object} Room
 * @property {string} files the files of the room; a file belongs to the first room that matches
 * @property {string[]} [rooms] rooms that it may import
 * @property {string[]} [types] rooms from which it may import only types
 * @property {string[]} [modules] modules of Node and npm that it may import
 */

/** @type {Record<string, Room>} */
export const rooms = {
  // Core: rooms that all others may import.
  'core/errors': { files: 'packages/core/src/errors.ts' },
  'core/logger': { files: 'packages/core/src/logger.ts' },
  'core/nearest': { files: 'packages/core/src/nearest.ts', modules: ['fastest-levenshtein'] },

  // Core: pure rooms, without files, network and frameworks.
  'core/event': {
    files: 'packages/core/src/event/**',
    rooms: ['core/errors', 'core/nearest'],
    modules: ['canonicalize', 'ipaddr.js', 'node:crypto', 'node:net', 'uuidv7', 'validator'],
  },
  'core/attempt': { files: 'packages/core/src/attempt/**', rooms: ['core/event'], modules: ['node:crypto', 'path-to-regexp'] },
  'core/formats': { files: 'packages/core/src/formats/**', rooms: ['core/attempt', 'core/event'] },

  // Core: from the application to the log.
  'core/sqlite': { files: 'packages/core/src/sqlite/**', modules: ['node:fs', 'node:module', 'node:path', 'node:process'] },
  'core/spool/disk': {
    files: 'packages/core/src/spool/disk/**',
    rooms: ['core/errors', 'core/event', 'core/spool', 'core/sqlite'],
    modules: ['node:crypto', 'node:fs', 'node:path', 'node:worker_threads', 'node:zlib'],
  },
  'core/spool': { files: 'packages/core/src/spool/**', rooms: ['core/errors', 'core/event'] },
  'core/publish': { files: 'packages/core/src/publish/**', rooms: ['core/errors', 'core/event'], types: ['core/spool'] },
  'core/retraced/http-transport': {
    files: 'packages/core/src/retraced/http-transport.ts',
    rooms: ['core/errors', 'core/event', 'core/retraced', 'core/retraced/proxy'],
    types: ['core/publish'],
    modules: ['node:http', 'undici'],
  },
  'core/retraced/proxy': { files: 'packages/core/src/retraced/proxy.ts', rooms: ['core/errors'], modules: ['undici'] },
  'core/retraced': { files: 'packages/core/src/retraced/**', rooms: ['core/errors', 'core/event', 'core/publish', 'core/retraced/proxy'] },
  'core/config': {
    files: 'packages/core/src/config/**',
    rooms: ['core/errors', 'core/event', 'core/logger', 'core/nearest'],
    types: ['core/attempt', 'core/publish', 'core/spool'],
    modules: ['node:path', 'valibot'],
  },
  'core/telemetry': {
    files: 'packages/core/src/telemetry/**',
    types: ['core/config', 'core/errors', 'core/event', 'core/publish'],
    modules: ['@opentelemetry/api', 'lru.min', 'node:diagnostics_channel'],
  },
  'core/verify': {
    files: 'packages/core/src/verify/**',
    rooms: ['core/event', 'core/spool', 'core/spool/disk'],
    types: ['core/retraced'],
  },

  // Core: rooms that connect the parts.
  'core/auditor/identity-key': {
    files: 'packages/core/src/auditor/identity-key.ts',
    rooms: ['core/spool/disk'],
    types: ['core/config'],
    modules: ['node:cluster', 'node:crypto'],
  },
  'core/auditor/open-spool': {
    files: 'packages/core/src/auditor/open-spool.ts',
    rooms: ['core/errors', 'core/spool', 'core/spool/disk'],
    modules: ['node:crypto'],
  },
  'core/auditor': {
    files: 'packages/core/src/auditor/**',
    rooms: [
      'core/auditor/identity-key',
      'core/auditor/open-spool',
      'core/attempt',
      'core/config',
      'core/errors',
      'core/event',
      'core/publish',
      'core/retraced/http-transport',
      'core/spool',
      'core/telemetry',
    ],
  },
  'core/relay': {
    files: 'packages/core/src/relay/**',
    rooms: ['core/config', 'core/errors', 'core/event', 'core/publish', 'core/retraced/http-transport', 'core/telemetry'],
    types: ['core/spool'],
    modules: ['valibot'],
  },
  'core/adapter': {
    files: 'packages/core/src/adapter/**',
    rooms: ['core/attempt', 'core/auditor', 'core/config', 'core/errors', 'core/event'],
    modules: ['ipaddr.js', 'lru.min', 'node:async_hooks', 'node:crypto', 'node:http', 'node:module', 'node:util', 'node:zlib', 'valibot'],
  },

  // Core: entry points.
  'core/index': {
    files: 'packages/core/src/index.ts',
    rooms: ['core/adapter', 'core/attempt', 'core/auditor', 'core/errors', 'core/event', 'core/formats', 'core/relay'],
    types: ['core/config', 'core/logger', 'core/publish', 'core/telemetry'],
  },
  'core/door/adapter': { files: 'packages/core/src/adapter.ts', rooms: ['core/adapter', 'core/attempt', 'core/auditor', 'core/errors'] },
  'core/door/browser': { files: 'packages/core/src/browser.ts', rooms: ['core/event', 'core/formats'] },
  'core/door/engine': {
    files: 'packages/core/src/engine.ts',
    rooms: ['core/config', 'core/event', 'core/nearest', 'core/publish', 'core/spool', 'core/sqlite'],
  },
  'core/door/log': {
    files: 'packages/core/src/log.ts',
    rooms: [
      'core/config',
      'core/errors',
      'core/event',
      'core/formats',
      'core/logger',
      'core/retraced',
      'core/retraced/proxy',
      'core/retraced/http-transport',
      'core/spool/disk',
      'core/verify',
    ],
    types: ['core/publish'],
  },

  // Adapters: each uses one framework.
  express: { files: 'packages/express/src/**', rooms: ['core/index', 'core/door/adapter'], modules: ['express', 'node:http'] },
  fastify: {
    files: 'packages/fastify/src/**',
    rooms: ['core/index', 'core/door/adapter'],
    modules: ['fastify', 'fastify-plugin', 'node:http'],
  },
  koa: { files: 'packages/koa/src/**', rooms: ['core/index', 'core/door/adapter'], modules: ['koa', 'node:http'] },

  // Engines: each uses one server.
  jetstream: {
    files: 'packages/jetstream/src/**',
    rooms: ['core/index', 'core/door/engine'],
    modules: ['@nats-io/jetstream', '@nats-io/kv', '@nats-io/transport-node', 'node:crypto'],
  },
  postgres: {
    files: 'packages/postgres/src/**',
    rooms: ['core/index', 'core/door/engine', 'core/door/log'],
    modules: ['node:crypto', 'pg'],
  },

  testing: {
    files: 'packages/testing/src/**',
    rooms: ['core/door/engine', 'core/door/log', 'core/index'],
    types: ['core/door/adapter'],
    modules: ['node:assert', 'node:events', 'node:fs', 'node:http', 'node:net', 'node:os', 'node:path', 'node:zlib', 'vitest'],
  },

  // The collector: from its tables to its server.
  'collector/store': {
    files: 'packages/collector/src/store/**',
    rooms: ['core/door/engine', 'core/door/log'],
    types: ['core/index'],
    modules: ['node:crypto', 'node:fs', 'node:path', 'porter2', 'valibot'],
  },
  'collector/access': {
    files: 'packages/collector/src/access/**',
    rooms: ['collector/store', 'core/door/engine', 'core/index'],
    modules: ['node:crypto'],
  },
  'collector/errors': { files: 'packages/collector/src/api/errors.ts', rooms: ['collector/store'], modules: ['express', 'valibot'] },
  'collector/guard': {
    files: 'packages/collector/src/guard.ts',
    rooms: ['collector/errors'],
    modules: ['express', 'express-rate-limit', 'node:net'],
  },
  'collector/api': {
    files: 'packages/collector/src/api/**',
    rooms: ['collector/errors', 'collector/store', 'core/door/log', 'core/index'],
    types: ['collector/access', 'collector/guard'],
    modules: ['@valibot/to-json-schema', 'express', 'graphql', 'node:events', 'node:stream', 'uuidv7', 'valibot'],
  },
  'collector/viewer': {
    files: 'packages/collector/src/viewer/**',
    rooms: ['collector/api', 'collector/errors', 'collector/store', 'core/door/log'],
    types: ['collector/access', 'collector/guard', 'core/index'],
    modules: ['better-sse', 'csv-stringify', 'express', 'valibot'],
  },
  'collector/options': {
    files: 'packages/collector/src/options.ts',
    rooms: ['collector/guard', 'core/door/engine', 'core/index'],
    modules: ['node:crypto', 'node:fs', 'node:net', 'node:path', 'valibot'],
  },
  'collector/metrics': { files: 'packages/collector/src/metrics.ts', types: ['collector/store'], modules: ['express', 'prom-client'] },
  'collector/public-path': { files: 'packages/collector/src/public-path.cts', modules: ['node:path'] },
  'collector/app': {
    files: 'packages/collector/src/app.ts',
    rooms: ['collector/api', 'collector/errors', 'collector/guard', 'collector/public-path', 'collector/viewer'],
    types: ['collector/access', 'collector/metrics', 'collector/options', 'collector/store'],
    modules: ['express', 'helmet', 'node:path'],
  },
  'collector/server': {
    files: 'packages/collector/src/server.ts',
    rooms: ['collector/access', 'collector/app', 'collector/metrics', 'collector/options', 'collector/store', 'core/index'],
    modules: ['node:events', 'node:fs', 'node:http', 'node:net'],
  },
  'collector/operate': {
    files: 'packages/collector/src/operate.ts',
    rooms: ['collector/access', 'collector/api', 'collector/server', 'collector/store', 'core/index'],
    modules: ['node:fs', 'node:path'],
  },
  'collector/index': {
    files: 'packages/collector/src/index.ts',
    rooms: ['collector/operate', 'collector/server'],
    types: ['collector/access', 'collector/api', 'collector/options'],
  },

  // The viewer's page runs in a browser.
  'collector/page': {
    files: 'packages/collector/viewer/src/**',
    rooms: ['core/door/browser'],
    modules: ['echarts', 'preact'],
  },

  // The command line.
  'cli/parts': {
    files: 'packages/cli/src/{flags,paint,progress,shell,table}.ts',
    rooms: ['core/door/log', 'core/index'],
    modules: ['bytes', 'cli-progress', 'cli-table3', 'ms', 'picocolors'],
  },
  'cli/engine': {
    files: 'packages/cli/src/engine.ts',
    rooms: ['cli/parts', 'core/index', 'jetstream', 'postgres'],
    types: ['core/door/engine'],
    modules: ['@nats-io/transport-node', 'node:fs', 'pg'],
  },
  'cli/kubernetes': {
    files: 'packages/cli/src/kubernetes/**',
    rooms: ['core/index'],
    modules: ['node:child_process', 'node:events', 'node:fs', 'node:os', 'node:path', 'node:stream', 'undici', 'valibot', 'yaml'],
  },
  'cli/app': {
    files: 'packages/cli/src/app/**',
    rooms: ['core/index'],
    types: ['core/door/adapter'],
    modules: ['node:diagnostics_channel', 'node:module', 'node:net', 'node:path', 'node:url'],
  },
  'cli/commands': {
    files: 'packages/cli/src/commands/**',
    rooms: [
      'cli/app',
      'cli/engine',
      'cli/kubernetes',
      'cli/parts',
      'collector/index',
      'core/door/engine',
      'core/door/log',
      'core/index',
      'postgres',
    ],
    modules: [
      'node:crypto',
      'node:events',
      'node:fs',
      'node:http',
      'node:net',
      'node:readline',
      'node:stream',
      'node:timers',
      'prom-client',
      'valibot',
    ],
  },
  'cli/cli': {
    files: 'packages/cli/src/cli.ts',
    rooms: ['cli/commands', 'cli/parts', 'core/door/browser', 'core/index'],
    modules: ['@bomb.sh/tab', 'commander', 'node:fs', 'node:util'],
  },
};

/** Converts a room to policies of eslint-plugin-boundaries. */
function policies(name, { rooms: open = [], types = [], modules = [] }) {
  return [
    { to: { file: { categories: [name, ...open] } } },
    { to: { file: { categories: types } }, dependency: { kind: 'type' } },
    { to: { module: { source: modules } } },
  ].map((allow) => ({ from: { file: { categories: name } }, allow }));
}

const extensions = ['.ts', '.tsx', '.cts'];
/** Packages of the workspace are resolved to their sources. */
const sources = { conditionNames: ['@auditlogin/source', 'import', 'node', 'default'] };

/** The walls, as an ESLint configuration. */
export const walls = {
  files: ['packages/*/src/**/*.{ts,cts}', 'packages/*/viewer/src/**/*.{ts,tsx}'],
  plugins: { boundaries, 'import-x': importX },
  languageOptions: { parser: tseslint.parser },
  settings: {
    'boundaries/files': Object.entries(rooms).map(([category, { files }]) => ({ category, pattern: files, stopMatching: true })),
    'boundaries/elements': [],
    // `type Server = import('node:http').Server` is an import, too.
    'boundaries/additional-dependency-nodes': [{ selector: 'TSImportType > Literal', kind: 'type', name: 'type-expression' }],
    'import/resolver': { typescript: sources },
    'import-x/resolver-next': [createTypeScriptImportResolver(sources)],
    'import-x/extensions': extensions,
    'import-x/parsers': { '@typescript-eslint/parser': extensions },
  },
  rules: {
    'boundaries/dependencies': [
      'error',
      {
        default: 'disallow',
        checkAllOrigins: true,
        checkUnknownLocals: true,
        policies: Object.entries(rooms).flatMap(([name, room]) => policies(name, room)),
      },
    ],
    'boundaries/no-unknown-files': 'error',
    'import-x/no-cycle': 'error',
  },
};
