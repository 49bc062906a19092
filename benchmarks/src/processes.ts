import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Starts a script of this folder as a child process, and waits for its first message.
 *
 * @param script name of the script
 * @param env additional environment variables
 */
export async function start<T>(script: string, env: Record<string, string> = {}): Promise<{ child: ChildProcess; said: T }> {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), { env: { ...process.env, ...env } });
  const [said] = (await once(child, 'message')) as [T];
  return { child, said };
}

/**
 * Returns the CPU time so far, in microseconds: of the process, or of its main thread if the system provides it.
 *
 * @param thread `main` for the main thread
 */
export function cpuTime(thread = process.env['THREAD']): number {
  if (thread === 'main') {
    const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1_000;
  }
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Prints the result of a run.
 *
 * @param run the value and further figures
 */
export function report(run: { value: number } & Record<string, number | string>): void {
  console.log(JSON.stringify(run));
}
