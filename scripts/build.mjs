// Builds every package as ES modules (with project references) and, if it has a tsconfig.cjs.json, as CommonJS, and then the viewer's page. Outputs of an
// earlier build whose sources are gone are removed one by one, since tests may use the build at the same time.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inBuildOrder, root, workspaces } from './packages.mjs';
import { removeStaleOutputs } from './stale-outputs.mjs';

const { resolve } = createRequire(import.meta.url);
const tsc = resolve('typescript/bin/tsc');
const vite = join(dirname(resolve('vite/package.json')), 'bin', 'vite.js');

function run(tool, ...args) {
  const { status } = spawnSync(process.execPath, [tool, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const having = (file) => workspaces().filter(({ folder }) => existsSync(join(folder, file)));

// The compiler orders the projects by their references.
run(tsc, '-b', ...having('tsconfig.json').map(({ path }) => path));
// This build has no references, so the packages are built in the order of their dependencies.
for (const { path, folder } of inBuildOrder(having('tsconfig.cjs.json'))) {
  const cjs = join(folder, 'dist', 'cjs');
  run(tsc, '-p', `${path}/tsconfig.cjs.json`);
  mkdirSync(cjs, { recursive: true });
  writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
}
for (const name of ['tsconfig.json', 'tsconfig.cjs.json']) for (const { folder } of having(name)) removeStaleOutputs(join(folder, name));
run(vite, 'build', '--logLevel', 'warn', '-c', 'packages/collector/viewer/vite.config.ts');
for (const { folder, manifest } of workspaces()) {
  for (const program of Object.values(manifest.bin ?? {})) chmodSync(join(folder, program), 0o755);
}
