import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditLoginSchema } from '@auditlogin/core/adapter';
import { ERROR_CODES, FACET_NAMES } from '@auditlogin/core/log';
import { optionNames, parseOptions } from '@auditlogin/core/engine';
import ts from 'typescript';
import { collectorSchema } from '../packages/collector/src/options.js';

const root = join(__dirname, '..');
/** Lists the documents in a folder and its subfolders. */
const documentsIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
const packages = readdirSync(join(root, 'packages'));
const documents = ['README.md', ...documentsIn('docs'), ...packages.map((name) => join('packages', name, 'README.md'))];
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Returns the TypeScript blocks of a document, each as a separate module. */
function codeOf(file: string): string[] {
  return [...read(file).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => `${code}\nexport {};\n`);
}

/** The package from which the imports of a block are resolved: the adapter that it imports. */
function packageOf(code: string): string {
  return /'@auditlogin\/(koa|fastify)'/.exec(code)?.[1] ?? 'express';
}

it('compiles the code in the documents', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.test.json'), (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const sources = new Map(
    documents.flatMap((file) =>
      codeOf(file).map((code, index) => [join(root, 'packages', packageOf(code), `${file.replace(/\W/g, '-')}-${index}.mts`), code]),
    ),
  );
  expect(sources.size).toBeGreaterThan(2);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...rest) =>
    sources.has(name) ? ts.createSourceFile(name, sources.get(name)!, version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([...sources.keys()], { ...options, noUnusedLocals: false }, host);
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map((problem) => `${problem.file?.fileName}: ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`);
  expect(problems).toEqual([]);
}, 60_000);

it('has tables of options that match the comments in the code', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'options-table.mjs'), '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

describe.each([
  ['README.md', 'AuditLoginOptions', auditLoginSchema],
  ['docs/collector.md', 'CollectorOptions', collectorSchema],
] as const)('the table of options in %s', (file, name, schema) => {
  const [, section = ''] = new RegExp(`<!-- options of ${name} -->(.*?)<!-- end of options -->`, 's').exec(read(file)) ?? [];
  const table = new Map([...section.matchAll(/^\| `([\w.]+)` \| (.*?) \| .* \|$/gm)].map(([, option, cell]) => [option!, cell!]));
  const defaults = parseOptions(schema, {});

  it('has every option that the schema knows, and no other', () => {
    expect([...table.keys()].sort()).toEqual([...optionNames(schema)].sort());
  });

  it.each(optionNames(schema))('gives the default of the schema for %s', (option) => {
    const value = option.split('.').reduce<unknown>((bag, key) => (bag as Record<string, unknown> | undefined)?.[key], defaults);
    const documented = /^`"?([^"`]*)"?`/.exec(table.get(option)!)?.[1];
    if (['number', 'boolean', 'string'].includes(typeof value) && value !== '') expect(documented).toBe(String(value));
    // A default from the environment is documented by the name of the variable.
    else if (documented !== undefined) expect(documented).not.toMatch(/^(?:\d|true$|false$)/);
  });
});

it('describes every facet in docs/collector.md, in display order', () => {
  const [, section = ''] = /\| facet \|.*?\n\|[-|]+\|\n(.*?)\n\n/s.exec(read('docs/collector.md')) ?? [];
  expect([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, facet]) => facet)).toEqual(FACET_NAMES);
});

it('has a section for every error code, and no other sections', () => {
  const sections = [...read('docs/errors.md').matchAll(/^### (ERR_\w+)$/gm)].map(([, code]) => code);
  expect([...sections].sort()).toEqual([...ERROR_CODES].sort());
});

describe('has only links to existing files and headings', () => {
  const home = 'https://github.com/auditlogin/auditlogin/';
  /** Finds the file of this repository that a link points to, and the heading in it; undefined for other links. */
  function targetOf(file: string, link: string): { path: string; heading?: string | undefined } | undefined {
    const [address, heading] = link.split('#');
    if (link.startsWith('#')) return { path: file, heading };
    const ours = new RegExp(`^${home}(?:blob|tree)/main/(.*)$`).exec(address!)?.[1];
    if (ours !== undefined) return { path: ours, heading };
    return /^[a-z]+:/.test(link) ? undefined : { path: join(file, '..', address!), heading };
  }

  /** The anchors that GitHub creates for a document's headings. */
  const anchorsOf = (text: string): string[] =>
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    );

  const others = readdirSync(root).filter((file) => file.endsWith('.md') && file !== 'README.md');
  it.each([...documents, ...others])('in %s', (file) => {
    for (const [, link] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      const target = targetOf(file, link!);
      if (!target) continue;
      expect({ link, there: existsSync(join(root, target.path)) }).toEqual({ link, there: true });
      if (target.heading && target.path.endsWith('.md'))
        expect({ link, in: anchorsOf(read(target.path)) }).toEqual({ link, in: expect.arrayContaining([target.heading]) });
    }
  });
});
