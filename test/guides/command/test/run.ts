import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { run as runCommandLine } from '../../../../packages/cli/test/run.js';

const CLI = join(__dirname, '..', '..', '..', '..', 'packages', 'cli');
const GUIDE = join(__dirname, '..', 'src');
/** A folder that git ignores and from which Node finds the dependencies of the command line. */
const COPY = join(CLI, '.auditlogin', 'guide');
/** The line after the registrations of the commands. */
const AFTER_COMMANDS = "program.addHelpText('after', '\\nShell completion:";

/** Applies the guide to a copy of the command line, and builds it. */
function buildWithCommand(): string {
  rmSync(COPY, { recursive: true, force: true });
  mkdirSync(COPY, { recursive: true });
  cpSync(join(CLI, 'src'), join(COPY, 'src'), { recursive: true });
  const { version, type } = JSON.parse(readFileSync(join(CLI, 'package.json'), 'utf8')) as Record<string, string>;
  writeFileSync(join(COPY, 'package.json'), JSON.stringify({ version, type }));
  cpSync(join(GUIDE, 'commands', 'count.ts'), join(COPY, 'src', 'commands', 'count.ts'));

  const [before, after, ...more] = readFileSync(join(COPY, 'src', 'cli.ts'), 'utf8').split(AFTER_COMMANDS);
  if (after === undefined || more.length > 0) throw new Error(`cli.ts must have one line that begins with ${AFTER_COMMANDS}`);
  const registration = readFileSync(join(GUIDE, 'registration.ts'), 'utf8');
  writeFileSync(join(COPY, 'src', 'cli.ts'), `${before}${registration}\n${AFTER_COMMANDS}${after}`);

  const compilerOptions = { composite: false, incremental: false, rootDir: 'src', outDir: 'dist/esm' };
  writeFileSync(
    join(COPY, 'tsconfig.json'),
    JSON.stringify({ extends: '../../../../tsconfig.base.json', compilerOptions, include: ['src'] }),
  );
  const tsc = createRequire(__filename).resolve('typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', COPY], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  return join(COPY, 'dist', 'esm', 'cli.js');
}

const bin = buildWithCommand();
afterAll(() => rmSync(COPY, { recursive: true }));

/** Runs the command line with the command of the guide, like the tests of the command line. */
export const run: typeof runCommandLine = (args, options) => runCommandLine(args, { ...options, bin });
