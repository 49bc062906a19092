import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Takes events in a child process and kills it while they are in flight.
 *
 * @param env variables with the address of the engine
 * @param limit number of events
 * @returns ids of the events
 */
export async function takeAndDie(env: Record<string, string>, limit: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(__dirname, 'killed-taker.mjs'), String(limit)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return JSON.parse(line) as string[];
}
