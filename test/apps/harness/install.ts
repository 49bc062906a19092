import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const cache = join(tmpdir(), 'auditlogin-apps');
const UNREACHABLE = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ENOTCACHED)\b/;

/** The package.json of an application. */
interface Manifest {
  dependencies: Record<string, string>;
  /** Packages with native code, whose install scripts must run. */
  build?: string[];
}

/** The used part of the package.json of one of the project's packages. */
interface PackageManifest {
  name: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** One of the project's packages, packed as for npm. */
interface Packed {
  name: string;
  file: string;
  integrity: string;
  /** The dependencies of the package, as text. */
  needs: string;
}

/** A program that this machine lacks, with the command that installs it. */
export class Missing extends Error {}

/**
 * Packs the project's packages as for npm.
 *
 * @param root the project
 */
export async function pack(root: string): Promise<Map<string, Packed>> {
  const destination = join(cache, `packed-${digest(root)}`);
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const manifests = readdirSync(join(root, 'packages'))
    .map((folder) => join(root, 'packages', folder, 'package.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as PackageManifest);
  const workspaces = manifests.flatMap(({ name }) => ['-w', name]);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination, ...workspaces];
  const { stdout } = await run(npm, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const packed = Object.values(JSON.parse(stdout) as Record<string, { name: string; filename: string; integrity: string }>);
  return new Map(
    packed.map(({ name, filename, integrity }) => {
      const { dependencies, optionalDependencies, peerDependencies } = manifests.find((one) => one.name === name)!;
      const needs = JSON.stringify({ ...dependencies, ...optionalDependencies, ...peerDependencies });
      return [name, { name, file: join(destination, filename), integrity, needs }];
    }),
  );
}

/**
 * Installs an application once, and again only if its dependencies change. The project's packages are always installed from their current state.
 *
 * @param folder the folder of the application
 * @param name its name
 * @param packed the project's packages
 * @returns the folder of the installation
 * @throws Missing if the registry cannot be reached
 */
export async function install(folder: string, name: string, packed: Map<string, Packed>): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const ours = neededOf(packed, ['@auditlogin/core', ...Object.keys(manifest.dependencies)]);
  const installed = join(cache, `${name}-${digest(JSON.stringify([folder, manifest, process.versions.modules]))}`);
  const mark = join(installed, '.installed.json');
  const before = (existsSync(mark) ? JSON.parse(readFileSync(mark, 'utf8')) : undefined) as Record<string, Packed> | undefined;
  if (!before || ours.some((one) => before[one.name]?.needs !== one.needs)) {
    if (!before) rmSync(installed, { recursive: true, force: true });
    rmSync(join(installed, 'node_modules', '@auditlogin'), { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    const tarballs = Object.fromEntries(ours.map((one) => [one.name, `file:${one.file}`]));
    writeFileSync(
      join(installed, 'package.json'),
      JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, ...tarballs } }),
    );
    await npmIn(installed, [
      'install',
      '--ignore-scripts',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
    ]);
    if (!before && manifest.build) await npmIn(installed, ['rebuild', ...manifest.build]);
  }
  for (const one of ours.filter(({ name, integrity }) => before?.[name]?.integrity !== integrity)) {
    const target = join(installed, 'node_modules', one.name);
    for (const entry of readdirSync(target)) if (entry !== 'node_modules') rmSync(join(target, entry), { recursive: true });
    await run('tar', ['-xzf', one.file, '-C', target, '--strip-components=1']);
  }
  writeFileSync(mark, JSON.stringify(Object.fromEntries(ours.map((one) => [one.name, one]))));
  cpSync(folder, installed, { recursive: true, filter: (file) => file !== join(folder, 'package.json') });
  return installed;
}

/** Selects the project's packages with these names, and those that they depend on. */
function neededOf(packed: Map<string, Packed>, names: string[]): Packed[] {
  const needed = new Map<string, Packed>();
  const add = (name: string): void => {
    const one = packed.get(name);
    if (!one || needed.has(name)) return;
    needed.set(name, one);
    for (const other of packed.keys()) if (one.needs.includes(`"${other}"`)) add(other);
  };
  names.forEach(add);
  return [...needed.values()];
}

async function npmIn(folder: string, args: string[]): Promise<void> {
  // Native code is compiled against the headers of this Node if it has them. Otherwise node-gyp would have to download them.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
  try {
    await run(npm, args, { cwd: folder, env: { ...process.env, ...headers }, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const output = (error as { stderr?: string }).stderr ?? String(error);
    if (UNREACHABLE.test(output)) throw new Missing('the npm registry cannot be reached; `npm ping` shows why');
    throw new Error(`npm ${args[0]} failed:\n${output.slice(-2000)}`, { cause: error });
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
