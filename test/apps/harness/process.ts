import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../engines/servers.js';
import type { Service } from './application.js';

const START_LIMIT = 180_000;
const STOP_LIMIT = 20_000;
const LISTENING = /^listening$/m;

/** A running application. */
export interface RunningApplication {
  base: string;
  /** Ends the application by SIGTERM, so that it sends the waiting events. */
  stop(): Promise<void>;
}

/**
 * Starts the `app.mjs` or `app.cjs` of an installed application as a child process.
 *
 * @param folder the folder of the installation
 * @param env environment variables besides PORT, DATA_DIR (a new folder, which is removed afterwards), the spool in it, the usual variables, and those of the
 *   service
 * @param needs a service that is started for the application
 * @throws Error with the end of the output if the application ends or does not print `listening` within three minutes
 */
export async function startApplication(folder: string, env: Record<string, string>, needs?: Service): Promise<RunningApplication> {
  const service = await needs?.start();
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'auditlogin-app-'));
  const main = ['app.mjs', 'app.cjs'].find((file) => existsSync(join(folder, file)))!;
  const child = spawn(process.execPath, [main], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: data,
      NODE_ENV: 'production',
      PORT: String(port),
      DATA_DIR: data,
      // Each run gets a new folder, since the events that an earlier run left in its spool would count as events of this run.
      AUDITLOG_SPOOL_DIR: join(data, 'spool'),
      ...env,
      ...service?.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const stop = async (): Promise<void> => {
    await endOf(child);
    await service?.stop();
    rmSync(data, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await output.says(LISTENING);
  } catch (error) {
    await stop();
    throw error;
  }
  return { base: `http://127.0.0.1:${port}`, stop };
}

function collect(child: ChildProcess): { says(what: RegExp): Promise<void> } {
  let text = '';
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((one) => one());
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-20_000);
      if (process.env['AUDITLOGIN_APPS_VERBOSE']) process.stderr.write(chunk);
      wake();
    });
  }
  child.once('exit', wake);
  return {
    says: (what) =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`the application ${why}:\n${text.slice(-3000)}`));
        const timer = setTimeout(() => fail('did not begin to listen'), START_LIMIT);
        const look = (): void => {
          const isOver = child.exitCode !== null || child.signalCode !== null;
          if (!isOver && !what.test(text)) return;
          clearTimeout(timer);
          waiting.delete(look);
          if (what.test(text) && !isOver) resolve();
          else fail('ended at its start');
        };
        waiting.add(look);
        look();
      }),
  };
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
  await ended;
  clearTimeout(timer);
}
