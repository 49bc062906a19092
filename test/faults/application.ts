import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AuditEvent } from '@auditlogin/core';
import { answer, type Fault, type FaultServer } from '@auditlogin/testing/contract';

/** A process that a test has started. */
export interface Started {
  child: ChildProcess;
  /** The output that the test waited for. */
  said: string;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

const children = new Set<ChildProcess>();

/** Kills the processes that still run. */
export function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * Starts a script and waits for an output. Its standard error, which has many expected errors, is shown with AUDITLOGIN_SHOW=1.
 *
 * @param script path and arguments
 * @param env environment of the process
 * @param wanted the output to wait for; its first group becomes `said`
 */
export async function start(script: string[], env: Record<string, string>, wanted: RegExp): Promise<Started> {
  const child = spawn(process.execPath, script, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', process.env['AUDITLOGIN_SHOW'] ? 'inherit' : 'ignore'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    return ((await ended) as [number | null])[0];
  };
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const found = wanted.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`${script[0]} ended with ${code} before it was ready`)));
  });
  return { child, said, kill };
}

/** Starts the login application. Its output is its port. */
export function startApp(env: Record<string, string>): Promise<Started> {
  return start([join(__dirname, 'app.mjs')], env, /port (\d+)/);
}

/** Logs in, every time with a new account. */
export class People {
  /** The accounts of all attempts so far. */
  readonly sent = new Set<string>();
  private number = 0;

  async logIn(port: string, id = this.next()): Promise<string | undefined> {
    const response = await fetch(`http://127.0.0.1:${port}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
    });
    await response.arrayBuffer();
    return response.status === 200 ? id : undefined;
  }

  /**
   * Logs in repeatedly until the application is gone or `go` returns false.
   *
   * @param port port of the application
   * @param pace the pause between two logins of one client, in milliseconds
   * @param go whether to continue
   * @returns the accounts whose login was answered with 200
   */
  async load(port: string, pace = 0, go = () => true): Promise<string[]> {
    const acknowledged: string[] = [];
    const one = async (): Promise<void> => {
      while (go()) {
        try {
          const id = await this.logIn(port);
          if (id !== undefined) acknowledged.push(id);
        } catch {
          return;
        }
        if (pace > 0) await new Promise((resolve) => setTimeout(resolve, pace));
      }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return acknowledged;
  }

  private next(): string {
    const id = `a${(this.number += 1)}`;
    this.sent.add(id);
    return id;
  }
}

/** The account of an event, which is unique to the attempt. */
const idIn = ({ actor }: AuditEvent): string => actor!.id;

/**
 * Asserts that the server has every event that is owed, no event that was not sent, and only identical copies.
 *
 * @param server the server
 * @param owed accounts whose login was answered with 200
 * @param sent accounts of all attempts
 */
export function expectStored(server: FaultServer, owed: Iterable<string>, sent: ReadonlySet<string>): void {
  const stored = new Set(server.stored.map(idIn));
  expect([...owed].filter((id) => !stored.has(id))).toEqual([]);
  expect([...stored].filter((id) => !sent.has(id))).toEqual([]);
  // All copies of an attempt's event are identical, including `external_id`.
  const copyOf = new Map<string, string>();
  const forked = server.stored.filter((event) => {
    const text = JSON.stringify(event);
    return (copyOf.get(idIn(event)) ?? text) !== (copyOf.set(idIn(event), text), text);
  });
  expect(forked).toEqual([]);
}

/** Makes the server fail at random, before or after it has stored the events. */
export const moody: Fault = (_, response, store) => {
  const mood = Math.random();
  if (mood < 0.1) return void response.destroy();
  if (mood < 0.2) return void (store(), response.destroy());
  if (mood < 0.3) return answer(response, 503, 'no', { 'retry-after': '0' });
  answer(response, 201, store());
};
