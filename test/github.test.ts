import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { buildSync } from 'esbuild';
import { parse } from 'yaml';
import { z } from 'zod';
import { evaluate } from './evaluate.js';

const root = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string): string[] => readdirSync(join(root, folder)).map((file) => `${folder}/${file}`);

describe('workflows', () => {
  interface LanguageService {
    TextDocument: { create(uri: string, language: string, version: number, text: string): object };
    validate(document: object): Promise<{ message: string; range: { start: { line: number } } }[]>;
  }
  interface Step {
    uses?: string;
    run?: string;
    with?: Record<string, string>;
  }
  interface Workflow {
    permissions: unknown;
    jobs: Record<string, { 'runs-on': string; uses?: string; strategy?: { matrix: Record<string, unknown[]> }; steps?: Step[] }>;
  }

  const files = filesIn('.github/workflows');
  const workflowOf = (file: string): Workflow => parse(read(file)) as Workflow;
  const stepsOf = (file: string): Step[] => Object.values(workflowOf(file).jobs).flatMap(({ steps }) => steps ?? []);

  function languageService(): LanguageService {
    const { outputFiles } = buildSync({
      ...{ entryPoints: [join(__dirname, 'actions-language-service.mjs')], bundle: true, write: false },
      ...{ format: 'cjs', platform: 'node', logLevel: 'error' },
    });
    const module = { exports: {} };
    const load = compileFunction(outputFiles[0]!.text, ['module', 'require']) as (...given: unknown[]) => void;
    load(module, createRequire(__filename));
    return module.exports as LanguageService;
  }
  const { TextDocument, validate } = languageService();
  // The parser caches documents by address, so each one gets its own.
  let documents = 0;
  const problemsOf = async (text: string): Promise<string[]> => {
    const found = await validate(TextDocument.create(`file:///.github/workflows/${(documents += 1)}.yml`, 'yaml', 0, text));
    return found.map(({ message, range }) => `${range.start.line + 1}: ${message}`);
  };

  it.each(files)('%s is valid', async (file) => {
    expect(await problemsOf(read(file))).toEqual([]);
  });

  it('fail the check with a key or name that GitHub does not know', async () => {
    const damaged = read('.github/workflows/ci.yml').replace('timeout-minutes', 'timeout').replace('github.ref', 'githb.ref');
    expect(await problemsOf(damaged)).toEqual([expect.stringContaining("'githb'"), expect.stringContaining("'timeout'")]);
  });

  it('run only scripts and files of this repository', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = files.flatMap((file) => stepsOf(file).flatMap((step) => [step.run, step.with?.version, step.with?.publish]));
    const named = commands.flatMap((command) => [...(command ?? '').matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script!));
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
    const calls = files.flatMap((file) => Object.values(workflowOf(file).jobs).flatMap(({ uses }) => uses ?? []));
    expect(calls.every((call) => existsSync(join(root, call)))).toBe(true);
  });

  it('test every supported Node version on three systems with the scripts of this repository', () => {
    const { linux, others } = workflowOf('.github/workflows/ci.yml').jobs;
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(linux!.strategy!.matrix.node).toEqual([20, 22, 24, 26]);
    expect(others!.strategy!.matrix).toEqual({ os: ['macos-latest', 'windows-latest'], node: linux!.strategy!.matrix.node });
    expect(engines.node).toMatch(/^>=20\./);
    expect(linux!.steps!.at(-1)!.run).toBe('bash .ci/run');
    expect(others!.steps!.at(-1)!.run).toBe('npm test');
  });

  it('have read permission unless a job needs more, and use only actions of GitHub and Changesets', () => {
    for (const file of files) expect(workflowOf(file).permissions).toEqual({ contents: 'read' });
    const actions = files.flatMap((file) => stepsOf(file).flatMap(({ uses }) => uses ?? []));
    expect(actions.filter((action) => !/^(?:actions\/[\w-]+|changesets\/action)@v\d+$/.test(action))).toEqual([]);
  });
});

describe('issue forms', () => {
  const text = z.string().min(1);
  const asked = { label: text, description: text.optional() };
  const id = z.string().regex(/^[\w-]+$/);
  const validations = z.strictObject({ required: z.boolean().optional() }).optional();
  /** The schema of GitHub's issue forms, by its documentation. */
  const element = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('markdown'), attributes: z.strictObject({ value: text }) }),
    z.strictObject({
      ...{ type: z.literal('textarea'), id, validations },
      attributes: z.strictObject({ ...asked, placeholder: text.optional(), value: text.optional(), render: text.optional() }),
    }),
    z.strictObject({
      ...{ type: z.literal('input'), id, validations },
      attributes: z.strictObject({ ...asked, placeholder: text.optional(), value: text.optional() }),
    }),
    z.strictObject({
      ...{ type: z.literal('dropdown'), id, validations },
      attributes: z.strictObject({
        ...asked,
        multiple: z.boolean().optional(),
        options: z.array(text).min(1),
        default: z.int().optional(),
      }),
    }),
    z.strictObject({
      ...{ type: z.literal('checkboxes'), id, validations },
      attributes: z.strictObject({ ...asked, options: z.array(z.strictObject({ label: text, required: z.boolean().optional() })).min(1) }),
    }),
  ]);
  const unique = (values: unknown[]): boolean => new Set(values).size === values.length;
  const form = z.strictObject({
    ...{ name: text, description: text, title: text.optional(), labels: z.array(text).optional() },
    body: z
      .array(element)
      .min(1)
      .refine((body) => body.some(({ type }) => type !== 'markdown'), 'asks nothing')
      .refine((body) => unique(body.flatMap((each) => ('id' in each ? each.id : []))), 'an id stands twice')
      .refine((body) => unique(body.flatMap((each) => ('label' in each.attributes ? each.attributes.label : []))), 'a label stands twice')
      .refine((body) => body.every((each) => each.type !== 'dropdown' || unique(each.attributes.options)), 'an option stands twice'),
  });
  const forms = filesIn('.github/ISSUE_TEMPLATE').filter((file) => !file.endsWith('/config.yml'));

  it.each(forms)('%s fits the schema of GitHub', (file) => {
    form.parse(parse(read(file)));
  });

  it('ask for versions, framework, spool and a minimal application', () => {
    const { body } = form.parse(parse(read('.github/ISSUE_TEMPLATE/bug.yml')));
    const required = body.flatMap((each) => ('id' in each && each.validations?.required ? each.id : []));
    expect(required).toEqual(['what', 'application', 'version', 'node', 'framework', 'spool']);
  });

  it('send questions and vulnerabilities elsewhere', () => {
    const contact = z.strictObject({ name: text, url: z.url(), about: text });
    const config = z
      .strictObject({ blank_issues_enabled: z.literal(false), contact_links: z.array(contact) })
      .parse(parse(read('.github/ISSUE_TEMPLATE/config.yml')));
    expect(config.contact_links.map(({ url }) => url)).toEqual([
      expect.stringContaining('/discussions/'),
      expect.stringContaining('/security/advisories/new'),
    ]);
  });
});

describe('dependabot', () => {
  const updateTypes = z.array(z.enum(['major', 'minor', 'patch']));
  const ignored = z.strictObject({
    'dependency-name': z.string(),
    'update-types': z.array(z.enum(['version-update:semver-major', 'version-update:semver-minor'])).optional(),
  });
  const update = z.strictObject({
    'package-ecosystem': z.enum(['npm', 'github-actions']),
    directory: z.literal('/'),
    schedule: z.strictObject({ interval: z.enum(['weekly', 'monthly']) }),
    'open-pull-requests-limit': z.int().optional(),
    groups: z.record(
      z.string(),
      z.strictObject({
        'dependency-type': z.enum(['production', 'development']).optional(),
        'update-types': updateTypes.optional(),
        patterns: z.array(z.string()).optional(),
      }),
    ),
    ignore: z.array(ignored).optional(),
  });
  const { updates } = z.strictObject({ version: z.literal(2), updates: z.array(update) }).parse(parse(read('.github/dependabot.yml')));

  it('ignores only packages that are installed', () => {
    const names = updates.flatMap(({ ignore = [] }) => ignore.map((each) => each['dependency-name']));
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !existsSync(join(root, 'node_modules', name)))).toEqual([]);
  });
});

it('contains every path that CODEOWNERS names', () => {
  const lines = read('.github/CODEOWNERS')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) {
    const [pattern, ...owners] = line.split(/\s+/);
    expect({ pattern, there: pattern === '*' || existsSync(join(root, pattern!)) }).toEqual({ pattern, there: true });
    expect(owners.filter((owner) => !/^@auditlogin\/[\w-]+$/.test(owner))).toEqual([]);
    expect(owners).not.toEqual([]);
  }
});

it('has an .editorconfig that agrees with prettier', () => {
  const [withIt, without] = evaluate<Record<string, unknown>[]>(`
    import { resolveConfig } from 'prettier';
    answer(await Promise.all([true, false].map((editorconfig) => resolveConfig('test/github.test.ts', { editorconfig }))));
  `);
  const prettiersOwn = { endOfLine: 'lf', tabWidth: 2, useTabs: false };
  expect(withIt).toEqual({ ...prettiersOwn, ...without });
  expect(read('.editorconfig')).toContain(`max_line_length = ${String(without!.printWidth)}\n`);
});
