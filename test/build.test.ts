import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate } from './evaluate.js';

const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-build-'));
const config = join(folder, 'tsconfig.json');

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const outputs = (): string[] =>
  readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

const build = (): unknown => spawnSync(process.execPath, [tsc, '-b', config], { encoding: 'utf8' }).stdout;

const removed = (): string[] =>
  evaluate(
    `
    import { removeStaleOutputs } from './scripts/stale-outputs.mjs';
    answer(removeStaleOutputs(input));
  `,
    config,
  );

afterAll(() => rmSync(folder, { recursive: true }));

it('removes the outputs of sources that were moved or deleted, and nothing else', () => {
  const compilerOptions = {
    rootDir: 'src',
    outDir: 'dist',
    tsBuildInfoFile: 'dist/.tsbuildinfo',
    module: 'nodenext',
    declaration: true,
    declarationMap: true,
    sourceMap: true,
    composite: true,
    types: [],
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }));
  write('src/kept.ts', 'export const kept = 1;\n');
  write('src/types.d.ts', 'declare const given: number;\n');
  write('src/old/path.cts', 'const moved = 1;\nexport = { moved };\n');
  write('src/old/deep/page.tsx', 'export const page = 1;\n');
  expect(build()).toBe('');
  write('dist/package.json', '{}\n');
  write('dist/public/page.html', '\n');
  expect(removed()).toEqual([]);
  const before = outputs();

  rmSync(join(folder, 'src/old'), { recursive: true });
  write('src/new/path.cts', 'const moved = 1;\nexport = { moved };\n');
  expect(build()).toBe('');
  expect(removed()).toEqual(
    [
      ...['path.cjs', 'path.cjs.map', 'path.d.cts', 'path.d.cts.map'],
      ...['deep/page.js', 'deep/page.js.map', 'deep/page.d.ts', 'deep/page.d.ts.map'],
    ]
      .map((name) => join('old', name))
      .sort(),
  );
  expect(outputs()).toEqual(
    before
      .filter((path) => !path.includes('deep'))
      .map((path) => path.replace(join('dist', 'old'), join('dist', 'new')))
      .sort(),
  );
});
