// Prepares a clone for `npm start` and `npm test`: installs the dependencies and builds, each only if something changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, workspaces } from './packages.mjs';

const marks = join(root, 'node_modules', '.auditlogin');

function step(name, inputs, product, work) {
  const digest = createHash('sha256');
  for (const file of inputs) digest.update(file).update(readFileSync(join(root, file)));
  const mark = join(marks, name);
  const state = digest.digest('hex');
  if (existsSync(join(root, product)) && existsSync(mark) && readFileSync(mark, 'utf8') === state) return;
  work();
  mkdirSync(marks, { recursive: true });
  writeFileSync(mark, state);
}

function run(title, command, args) {
  console.log(`${title} …`);
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error(`${title} failed: ${command} ${args.join(' ')}`);
    process.exit(status ?? 1);
  }
  console.log(`${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(
      (file) => !/(?:^|[\\/])(?:dist|node_modules|test|\.auditlogin)[\\/]/.test(file) && /\.(?:c?ts|tsx|json|css|html|js)$/.test(file),
    );
}

step('install', ['package-lock.json'], 'node_modules/typescript', () =>
  run('Installing the dependencies', 'npm', ['ci', '--no-audit', '--no-fund']),
);
const inputs = [
  'tsconfig.base.json',
  'scripts/build.mjs',
  'scripts/packages.mjs',
  'scripts/stale-outputs.mjs',
  ...workspaces().flatMap(({ path }) => sources(path)),
].sort();
step('build', inputs, 'packages/cli/dist/esm/cli.js', () => run('Building', process.execPath, [join('scripts', 'build.mjs')]));
