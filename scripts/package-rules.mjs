// Rules for the package.json, the README and the licence of every published package.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.mjs';

/** Address of the repository. */
export const home = 'https://github.com/auditlogin/auditlogin';

/**
 * Returns the fields of package.json that describe the origin of a package.
 *
 * @param {string} path of the package within the repository, with forward slashes
 */
export function originOf(path) {
  return {
    license: 'Apache-2.0',
    author: 'The auditlogin authors',
    homepage: `${home}/tree/main/${path}#readme`,
    bugs: { url: `${home}/issues` },
    repository: { type: 'git', url: `git+${home}.git`, directory: path },
  };
}

/**
 * Lists what is missing or wrong in a published package; empty if it can be published.
 *
 * @param {{ path: string, folder: string, manifest: Record<string, any> }} published a package as `publishedPackages()` returns it
 * @returns {string[]}
 */
export function packageProblems({ path, folder, manifest }) {
  const text = (file) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : undefined);
  return [...manifestProblems(path, manifest), ...readmeProblems(manifest, text('README.md')), ...licenceProblems(text('LICENSE'))];
}

function manifestProblems(path, manifest) {
  const wrong = (field, expected) =>
    JSON.stringify(manifest[field]) === JSON.stringify(expected)
      ? []
      : [`package.json: "${field}" is ${JSON.stringify(manifest[field])}, expected ${JSON.stringify(expected)}`];
  const missing = ['description', 'keywords', 'engines', 'files'].filter((field) => manifest[field] === undefined);
  return [
    ...missing.map((field) => `package.json: "${field}" is missing`),
    ...Object.entries(originOf(path)).flatMap(([field, expected]) => wrong(field, expected)),
    ...wrong('publishConfig', { access: 'public' }),
  ];
}

/**
 * Checks a README. npm shows it without the repository, so it must have full addresses in its links, and must explain how to install and use a package that can
 * be imported or run. A package with neither `exports` nor `bin` is a part of another package.
 */
function readmeProblems({ name, exports, bin }, readme) {
  if (readme === undefined) return ['README.md is missing'];
  const rules = [
    ['starts with the name of the package', readme.startsWith(`# ${name}\n`)],
    ['links to the documentation', readme.includes(`](${home}/blob/main/`)],
    ['links by full addresses', !/\]\((?!https:\/\/|#)/.test(readme)],
    ['names the licence', /^Licence: Apache-2\.0\.?$/m.test(readme)],
    ...(exports || bin ? usageRules(name, readme) : []),
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => `README.md: must hold: ${rule}`);
}

function usageRules(name, readme) {
  return [
    [
      `says how to install (\`npm install … ${name}\` or \`npx ${name}\`)`,
      new RegExp(`^(?:npm install .*|npx )${name}(?: |$)`, 'm').test(readme),
    ],
    ['shows code (a ```ts block) or commands (two in a ```sh block)', /^```ts\n/m.test(readme) || /^```sh\n(?:.+\n){2,}```/m.test(readme)],
    ['lists options, exports or commands in a table', /^\|(?:-+\|)+$/m.test(readme)],
  ];
}

function licenceProblems(licence) {
  if (licence === undefined) return ['LICENSE is missing'];
  return licence === readFileSync(join(root, 'LICENSE'), 'utf8') ? [] : ['LICENSE differs from the LICENSE of the repository'];
}
