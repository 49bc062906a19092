// Checks the size of an installation: packs all packages, installs one into an empty folder, and compares the disk space with a limit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');
/** The most megabytes of an installation on Node 24. */
const LIMITS = { '@auditlogin/core': 12, auditlogin: 40 };
/** The SQLite driver with its builds for every platform, which only Node before 24 needs. */
const BEFORE_NODE_24 = ['@auditlogin/sqlite-node20', '@photostructure/sqlite', 'node-addon-api', 'node-gyp-build'];
const BLOCK = 4096;
const MEGABYTE = 2 ** 20;

function npm(args, cwd) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' });
}

/** Packs every published package. Returns the path of each archive by the name of the package. */
function pack(folder) {
  const packed = readdirSync(join(root, 'packages')).map((name) => {
    const { name: published } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
    const [{ filename }] = Object.values(
      JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], join(root, 'packages', name))),
    );
    return [published, `file:${join(folder, basename(filename))}`];
  });
  return Object.fromEntries(packed);
}

function install(name, archives, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { [name]: own, ...overrides } = archives;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: own }, overrides }));
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], folder);
  return packagesIn(join(folder, 'node_modules'));
}

/** Lists the packages of a folder with their size on a disk with blocks of 4 KB, like `du`, the largest first. */
function packagesIn(modules) {
  const folders = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((own) => `${name}/${own}`) : [name],
  );
  return folders.map((name) => ({ name, size: sizeOf(join(modules, name)) })).sort((one, other) => other.size - one.size);
}

function sizeOf(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return Math.ceil(entry.size / BLOCK) * BLOCK;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), BLOCK);
}

const total = (packages) => packages.reduce((sum, { size }) => sum + size, 0) / MEGABYTE;
const megabytes = (size) => `${size.toFixed(1)} MB`;

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-installs-'));
try {
  const archives = pack(folder);
  for (const [name, limit] of Object.entries(LIMITS)) {
    const all = install(name, archives, join(folder, 'install'));
    const packages = all.filter((each) => !BEFORE_NODE_24.includes(each.name));
    const heaviest = packages.slice(0, 8).map((each) => `${each.name} ${megabytes(each.size / MEGABYTE)}`);
    console.log(
      `${name}: ${megabytes(total(packages))} of ${limit} MB in ${packages.length} packages, before Node 24 ${megabytes(total(all))}`,
    );
    console.log(`  ${heaviest.join(', ')}`);
    if (total(packages) > limit) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (process.exitCode)
  console.error(
    'An installation takes more than its limit: use a lighter dependency, or explain in CONTRIBUTING.md why the limit is higher.',
  );
