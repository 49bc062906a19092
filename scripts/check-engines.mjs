// Lists the direct and indirect dependencies of published packages that do not support the oldest supported Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import semver from 'semver';

const root = join(fileURLToPath(import.meta.url), '..', '..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const oldest = semver.minVersion(packages[''].engines.node);

/** Finds the entry of the lock file that `name` resolves to for the package at `path`: in its `node_modules`, or in those of the folders above. */
function resolve(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const found = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[found]) return packages[found].link ? packages[found].resolved : found;
    if (folder === '') return undefined;
  }
}

const refusing = new Map();
const seen = new Set();

function visit(path, chain) {
  if (seen.has(path)) return;
  seen.add(path);
  const { dependencies, optionalDependencies, engines, version } = packages[path];
  if (engines?.node && !semver.satisfies(oldest, engines.node)) {
    refusing.set(path, `${chain.join(' > ')} ${version} wants Node ${engines.node}`);
  }
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const dependency = resolve(path, name);
    if (dependency !== undefined) visit(dependency, [...chain, name]);
  }
}

for (const [path, { name, private: isPrivate }] of Object.entries(packages)) {
  if (/^packages\/[^/]+$/.test(path) && !isPrivate) visit(path, [name ?? path]);
}
console.log(`${seen.size} packages are installed with what is published; ${refusing.size} refuse Node ${oldest}.`);
if (refusing.size > 0) {
  console.error([...refusing.values()].join('\n'));
  process.exitCode = 1;
}
