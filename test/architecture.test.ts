import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(__dirname, '..');
const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
const sources = new Set(
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => !/(?:^|\/)(?:node_modules|dist|\.git)\//.test(file))
    .map((file) => basename(file)),
);

it.each([...new Set([...text.matchAll(/`([\w-]+\.(?:c?ts|mjs))`/g)].map(([, name]) => name!))])('names %s, which exists', (name) =>
  expect(sources).toContain(name),
);

it.each([...new Set([...text.matchAll(/`((?:packages|test|scripts|examples|benchmarks|docs)\/[\w./-]*)`/g)].map(([, path]) => path!))])(
  'names the place %s, which exists',
  (path) => expect(existsSync(join(root, path.replace(/\*.*$/, '')))).toBe(true),
);

it('names every room of the core', () => {
  const rooms = readdirSync(join(root, 'packages/core/src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of rooms) expect(text).toMatch(new RegExp(`[\`/]${name}/`));
});
