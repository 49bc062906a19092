// Checks what would be published: publint and arethetypeswrong on every package, and knip over the whole.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let failed = false;

function check(title, args, cwd = root) {
  console.log(`\n# ${title}`);
  const { status } = spawnSync('npx', ['--no-install', ...args], { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  failed ||= status !== 0;
}

for (const name of ['core', 'express', 'koa', 'fastify', 'testing', 'collector', 'postgres', 'jetstream', 'cli', 'sqlite-node20']) {
  const folder = join(root, 'packages', name);
  check(`publint ${name}`, ['publint', '--strict', '.'], folder);
  // The command line has no entry point that could be imported, and the SQLite for old Nodes none that is typed.
  if (name === 'cli' || name === 'sqlite-node20') continue;
  // Vitest itself is a module, and so is what registers our matchers with it; subpaths are unknown to resolution as Node 10 had it.
  check(`attw ${name}`, ['attw', '--pack', '.', '--exclude-entrypoints', 'vitest', 'browser', 'contract'], folder);
  if (name === 'core') check(`attw ${name}, subpaths`, ['attw', '--pack', '.', '--profile', 'node16'], folder);
}
check('knip', ['knip']);
process.exit(failed ? 1 : 0);
