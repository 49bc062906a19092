import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-adapter-'));
const application = join(folder, 'application');
const library = join(folder, 'library');
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Parses the last line of the output. */
function told(...args: string[]): unknown {
  return JSON.parse(run('node', args, application).trim().split('\n').at(-1)!);
}

// The application depends only on the adapter. The adapter's dependencies in this repository are resolved to tarballs, since they are in no
// registry.
beforeAll(() => {
  mkdirSync(application);
  const names = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
  const archives = names.map((name) => {
    const [packed] = Object.values(
      JSON.parse(run(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], join(root, 'packages', name))) as {
        name: string;
        filename: string;
      }[],
    );
    return [packed!.name, `file:${join(folder, packed!.filename)}`] as const;
  });
  const { '@auditlogin/express': adapter, ...overrides } = Object.fromEntries(archives);
  const dependencies = { '@auditlogin/express': adapter, express: '5', '@types/express': '5', '@types/node': '20' };
  writeFileSync(join(application, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
  run(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], application);
  for (const file of readdirSync(join(__dirname, 'adapter-alone'))) cpSync(join(__dirname, 'adapter-alone', file), join(application, file));
  cpSync(application, library, { recursive: true });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('an application that installs only its adapter', () => {
  it('audits, in CommonJS', () => {
    expect(told('index.cjs')).toEqual(['user.login']);
  });

  it('imports all that it needs from the adapter, in ES modules', () => {
    expect(told('index.mjs')).toEqual(['function', 'function', 'function']);
  });

  it('compiles in strict TypeScript', () => {
    run('node', [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], application);
  }, 60_000);
});

describe('two copies of core in one process', () => {
  it.each([
    ['nobody', 'invalid_credentials'],
    ['application', 'account_locked'],
    ['library', 'account_locked'],
  ])('make one event of a login that %s marks', (marking, reason) => {
    expect(told(join(__dirname, 'two-copies', 'index.cjs'), application, library, marking)).toEqual([['user.login', reason]]);
  });
});

it('exports the same names of core from every adapter', () => {
  const namesIn = (adapter: string): string => {
    const source = readFileSync(join(root, 'packages', adapter, 'src', 'index.ts'), 'utf8');
    return [...source.matchAll(/^export (?:type )?\{[^}]*\} from '@auditlogin\/core(?:\/adapter)?';$/gm)]
      .map(([block]) => block)
      .join('\n');
  };
  expect(namesIn('express')).toContain('createAuditor');
  expect(namesIn('koa')).toBe(namesIn('express'));
  expect(namesIn('fastify')).toBe(namesIn('express'));
});
