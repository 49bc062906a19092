import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

// The built command: `npm test` builds before it runs the tests.
const BIN = join(__dirname, '..', 'dist', 'esm', 'cli.js');

/** A running command. */
export interface Running {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Runs the command line in a child process whose environment contains only the given variables. */
export function run(
  args: string[],
  { env = {}, cwd, input, bin = BIN }: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string; bin?: string } = {},
): Running {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [bin, ...args], { env: { PATH, HOME, NO_COLOR: '1', ...env }, cwd });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined).end(input);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}
