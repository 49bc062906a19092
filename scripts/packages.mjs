// Lists the workspaces of this repository. They are read from the folders with a package.json, so that a new package changes only its own folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Lists the workspaces in package.json (`packages/*`, `examples/*`, `benchmarks`), in alphabetical order.
 *
 * @returns {{ path: string, folder: string, manifest: Record<string, any> }[]} the path within the repository with forward slashes, the absolute
 * folder, and the package.json
 */
export function workspaces() {
  return readJson(join(root, 'package.json'))
    .workspaces.flatMap((pattern) => (pattern.endsWith('/*') ? foldersIn(pattern.slice(0, -2)) : [pattern]))
    .map((path) => ({ path, folder: join(root, path) }))
    .filter(({ folder }) => existsSync(join(folder, 'package.json')))
    .map(({ path, folder }) => ({ path, folder, manifest: readJson(join(folder, 'package.json')) }));
}

/**
 * Orders workspaces for the build: each comes after those that it depends on.
 *
 * @param {ReturnType<typeof workspaces>} given
 */
export function inBuildOrder(given) {
  const byName = new Map(given.map((workspace) => [workspace.manifest.name, workspace]));
  const seen = new Set();
  const ordered = [];
  const visit = (workspace) => {
    if (seen.has(workspace)) return;
    seen.add(workspace);
    const { dependencies, peerDependencies } = workspace.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) if (byName.has(name)) visit(byName.get(name));
    ordered.push(workspace);
  };
  given.forEach(visit);
  return ordered;
}

/** Lists the workspaces that are published. */
export function publishedPackages() {
  return workspaces().filter(({ manifest }) => manifest.private !== true);
}

function foldersIn(parent) {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`)
    .sort();
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
