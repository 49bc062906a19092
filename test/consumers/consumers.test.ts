import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-consumers-'));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

beforeAll(() => {
  for (const name of ['cjs', 'esm', 'typescript']) cpSync(join(__dirname, name), join(folder, name), { recursive: true });
  const packages = ['core', 'express', 'koa', 'fastify', 'testing', 'collector', 'postgres', 'jetstream', 'cli', 'sqlite-node20'];
  const workspaces = packages.flatMap((name) => ['-w', `packages/${name}`]);
  const packed = JSON.parse(run(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...workspaces], root)) as
    { filename: string }[] | Record<string, { filename: string }>;
  const tarballs = Object.values(packed).map(({ filename }) => `./${filename}`);
  expect(tarballs).toHaveLength(packages.length);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const others = ['express@5', 'koa@3', 'fastify@5', 'typescript@~6.0.3', '@types/node@20', '@types/express@5'];
  // No package may need an install script, since careful users and closed networks do not run them.
  run(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...others], folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

function stats(output: string): object {
  return JSON.parse(output.trim().split('\n').at(-1)!) as object;
}

function dataDir(name: string): string {
  const data = join(folder, `data-${name}`);
  mkdirSync(data);
  return data;
}

it('works in CommonJS', () => {
  expect(stats(run('node', ['cjs/index.cjs', dataDir('cjs')], folder))).toMatchObject({ verified: 1, lost: 0 });
});

it('works in ES modules, configured by the environment alone', () => {
  expect(stats(run('node', ['esm/index.mjs', dataDir('esm')], folder))).toMatchObject({ verified: 1, lost: 0 });
});

it('compiles in strict TypeScript', () => {
  run('node', [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'typescript'], folder);
  expect(stats(run('node', ['typescript/out/index.js', dataDir('ts')], folder))).toMatchObject({ verified: 2, lost: 0 });
}, 60_000);

it.each([
  ['koa', /AuditError,auditLogin,createAuditor,graphqlLogin,isAuditError,mark/],
  ['fastify', /AuditError,auditLogin,createAuditor,graphqlLogin,isAuditError,mark/],
  ['testing', /auditMatchers,recordingAuditor/],
  ['testing/contract', /adapterContract,answer,coalescingContract/],
  ['postgres', /MIGRATIONS,migrate,postgresSpool,reportIn/],
  ['jetstream', /initJetStream,jetStreamSpool/],
])('%s loads in both module systems', (name, expected) => {
  const names = 'Object.keys(loaded).sort().join()';
  const required = run('node', ['-e', `const loaded = require('@auditlogin/${name}'); console.log(${names})`], folder);
  const imported = run(
    'node',
    ['--input-type=module', '-e', `import * as loaded from '@auditlogin/${name}'; console.log(${names})`],
    folder,
  );
  expect(imported).toBe(required);
  expect(required).toMatch(expected);
});

it('installs the command line', () => {
  expect(run(join('node_modules', '.bin', 'auditlogin'), ['--version'], folder)).toBe('0.1.0\n');
  expect(run(join('node_modules', '.bin', 'auditlogin'), ['engine', 'init', '--print'], folder)).toContain('CREATE TABLE');
});
