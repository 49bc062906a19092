// Copies the code of the tests into the guides: a block ```ts file=test/guides/…#region shows that region of that file. With --check it only lists the
// blocks that differ, and the regions that no guide shows.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './packages.mjs';

const FOLDER = 'docs/guides';
const BLOCK = /^(```\w+ file=(\S+)\n)(.*?)^```$/gms;

/**
 * Fills the blocks of a guide.
 *
 * @param {string} text the guide
 * @returns {{ filled: string, shown: string[], differing: string[] }} the guide with the code of the files, its blocks, and those that differ
 */
export function fillGuide(text) {
  const shown = [];
  const differing = [];
  const filled = text.replaceAll(BLOCK, (block, head, source) => {
    const right = `${head}${codeOf(source)}\`\`\``;
    shown.push(source);
    if (block !== right) differing.push(source);
    return right;
  });
  return { filled, shown, differing };
}

/** Returns the code of `file` or `file#region`. */
function codeOf(source) {
  const [file, region] = source.split('#');
  const text = readFileSync(join(root, file), 'utf8');
  const code = region === undefined ? text : regionsOf(text).get(region);
  if (code === undefined) throw new Error(`${file} has no region ${region}.`);
  return code;
}

/** Returns the regions of a file by name: the lines between `// #region name` and `// #endregion`. */
function regionsOf(text) {
  return new Map([...text.matchAll(/^ *\/\/ #region (\S+)\n(.*?)^ *\/\/ #endregion$/gms)].map(([, name, code]) => [name, dedent(code)]));
}

function dedent(code) {
  const indents = code
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.search(/\S/));
  return code.replaceAll(new RegExp(`^ {${Math.min(...indents)}}`, 'gm'), '');
}

/** Lists every `file#region` in test/guides. */
function allRegions() {
  return readdirSync(join(root, 'test/guides'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => {
      const file = path.slice(root.length + 1).replaceAll('\\', '/');
      return [...regionsOf(readFileSync(path, 'utf8')).keys()].map((region) => `${file}#${region}`);
    });
}

function main(isCheck) {
  const guides = readdirSync(join(root, FOLDER)).map((name) => {
    const path = join(root, FOLDER, name);
    return { name, path, ...fillGuide(readFileSync(path, 'utf8')) };
  });
  if (!isCheck) for (const { path, filled } of guides) writeFileSync(path, filled);
  const shown = new Set(guides.flatMap((guide) => guide.shown));
  const problems = [
    ...(isCheck
      ? guides.flatMap(({ name, differing }) => differing.map((source) => `${FOLDER}/${name}: the block of ${source} differs`))
      : []),
    ...allRegions()
      .filter((source) => !shown.has(source))
      .map((source) => `${source} is shown in no guide`),
  ];
  if (problems.length === 0) return;
  console.error(`${problems.join('\n')}\nRun "npm run guides".`);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes('--check'));
