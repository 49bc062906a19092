// What a stranger finds on npm: what every published package must say in its package.json, its README and its licence.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.mjs';

/** Where the project lives. */
export const home = 'https://github.com/auditlogin/auditlogin';

/**
 * The fields of package.json that tell where a package comes from.
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
 * What is missing or wrong in a published package, one line each; empty if it can be published.
 *
 * @param {{ path: string, folder: string, manifest: Record<string, any> }} published as `publishedPackages()` gives it
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
 * npm shows a README without the repository around it: it must link by full addresses, and tell how to install and use what can be imported or run. A
 * package with neither `exports` nor `bin` is a part of another.
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
