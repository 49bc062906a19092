import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-changesets-'));
const changeset = join(root, 'node_modules', '@changesets', 'cli', 'bin.js');

function run(command: string, args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function manifestsIn(parent: string): string[] {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(parent, name, 'package.json'))
    .filter((path) => existsSync(join(root, path)));
}

function versions(): Record<string, string> {
  const manifests = manifestsIn('packages').map(
    (path) => JSON.parse(readFileSync(join(folder, path), 'utf8')) as { name: string; version: string },
  );
  return Object.fromEntries(manifests.map(({ name, version }) => [name, version]));
}

// Copies the files that determine versions: manifests and settings, without the existing changesets.
beforeAll(() => {
  const files = ['package.json', 'package-lock.json', '.changeset/config.json', 'benchmarks/package.json'];
  for (const file of [...files, ...manifestsIn('packages'), ...manifestsIn('examples')]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  run('git', ['init', '-q', '-b', 'main']);
  run('git', ['add', '.changeset', 'package.json', 'packages', 'examples', 'benchmarks']);
  run('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', 'commit', '-q', '-m', 'Manifests']);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('releases all packages as minor after a minor change in core', () => {
  expect(new Set(Object.values(versions()))).toEqual(new Set(['0.1.0']));
  writeFileSync(join(folder, '.changeset', 'change.md'), "---\n'@auditlogin/core': minor\n---\n\nSomething new.\n");
  run('node', [changeset, 'version']);
  expect(versions()).toEqual(Object.fromEntries(Object.keys(versions()).map((name) => [name, '0.2.0'])));
});
