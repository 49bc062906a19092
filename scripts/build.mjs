// Builds every package as ES modules (with project references) and, where it is imported by others, as CommonJS; then the viewer's page.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { resolve } = createRequire(import.meta.url);
const tsc = resolve('typescript/bin/tsc');
const vite = join(dirname(resolve('vite/package.json')), 'bin', 'vite.js');

function run(tool, ...args) {
  const { status } = spawnSync(process.execPath, [tool, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run(tsc, '-b');
for (const name of ['core', 'express', 'koa', 'fastify', 'testing', 'collector', 'postgres', 'jetstream']) {
  const cjs = join(root, 'packages', name, 'dist', 'cjs');
  run(tsc, '-p', join('packages', name, 'tsconfig.cjs.json'));
  mkdirSync(cjs, { recursive: true });
  writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
}
run(vite, 'build', '--logLevel', 'warn', '-c', join('packages', 'collector', 'viewer', 'vite.config.ts'));
chmodSync(join(root, 'packages/cli/dist/esm/cli.js'), 0o755);
