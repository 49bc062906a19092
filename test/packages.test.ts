import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluate } from './evaluate.js';

interface Published {
  path: string;
  folder: string;
  manifest: Record<string, unknown>;
}

const published = evaluate<Published[]>(`
  import { publishedPackages } from './scripts/packages.mjs';
  answer(publishedPackages());
`);

const problemsOf = (packages: Published[]): string[][] =>
  evaluate(
    `
    import { packageProblems } from './scripts/package-rules.mjs';
    answer(input.map(packageProblems));
  `,
    packages,
  );

it('finds repository, installation, usage and licence in every published package', () => {
  const problems = problemsOf(published);
  expect(published.length).toBeGreaterThan(8);
  expect(Object.fromEntries(published.map(({ path }, index) => [path, problems[index]]))).toEqual(
    Object.fromEntries(published.map(({ path }) => [path, []])),
  );
});

describe('reports what a package lacks:', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auditlogin-package-'));
  const model = published.find(({ path }) => path === 'packages/express')!;
  const readme = readFileSync(join(model.folder, 'README.md'), 'utf8');
  const copy = (manifest: Record<string, unknown> = {}): Published => ({
    path: model.path,
    folder,
    manifest: { ...model.manifest, ...manifest },
  });

  beforeEach(() => {
    for (const file of ['README.md', 'LICENSE']) cpSync(join(model.folder, file), join(folder, file));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['repository', undefined],
    ['repository', { type: 'git', url: 'git+https://github.com/auditlogin/auditlogin.git', directory: 'packages/koa' }],
    ['homepage', undefined],
    ['bugs', undefined],
    ['author', undefined],
    ['license', 'MIT'],
    ['keywords', undefined],
    ['publishConfig', undefined],
  ])('"%s" in package.json', (field, value) => {
    const [problems] = problemsOf([copy({ [field]: value })]);
    expect(problems).toEqual([expect.stringContaining(`"${field}"`)]);
  });

  it.each([
    ['its name', (text: string) => text.replace('# @auditlogin/express', '# Express'), 'starts with the name'],
    ['how it is installed', (text: string) => text.replace('npm install @auditlogin/express', 'see above'), 'how to install'],
    ['code', (text: string) => text.replaceAll('```ts', '```').replaceAll('```sh', '```'), 'shows code'],
    ['a table of options or exports', (text: string) => text.replaceAll('|---', '| '), 'in a table'],
    ['full addresses', (text: string) => `${text}\n[more](../core/README.md)\n`, 'full addresses'],
    ['the licence', (text: string) => text.replace('Licence: Apache-2.0', ''), 'names the licence'],
  ])('%s in its README', (_, damage, rule) => {
    writeFileSync(join(folder, 'README.md'), damage(readme));
    const [problems] = problemsOf([copy()]);
    expect(problems).toContainEqual(expect.stringContaining(rule));
  });

  it.each(['README.md', 'LICENSE'])('%s', (file) => {
    rmSync(join(folder, file));
    const [problems] = problemsOf([copy()]);
    expect(problems).toEqual([`${file} is missing`]);
  });

  it('does not require usage of a package without anything to import or run', () => {
    writeFileSync(
      join(folder, 'README.md'),
      `# ${String(model.manifest['name'])}\n\nA part of another. See [the core](https://github.com/auditlogin/auditlogin/blob/main/README.md).\n\nLicence: Apache-2.0\n`,
    );
    expect(problemsOf([copy({ exports: undefined })])).toEqual([[]]);
    expect(problemsOf([copy()])[0]).toHaveLength(3);
  });
});
