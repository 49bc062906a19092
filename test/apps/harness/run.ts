import type { AuditEvent } from '@auditlogin/core';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { startFaultServer, TOKEN } from '@auditlogin/testing/contract';
import type { Application, Case, ExpectedEvent } from './application.js';
import { Client } from './client.js';
import { install, Missing, pack } from './install.js';
import { judgeAnswers, judgeEvents, judgeSecrets } from './judge.js';
import { type RunningApplication, startApplication } from './process.js';
import { printTable, type Row } from './table.js';

/** How long events may take to arrive, in milliseconds. It only bounds the time of a run. */
const ARRIVAL_LIMIT = 15_000;
const AT_ONCE = 2;

/** The applications to run. */
export interface Run {
  /** The folder of the project. */
  root: string;
  /** The folder of the compiled `cases.mjs` of the applications. */
  bundled: string;
  /** The names of the applications; all if empty. */
  selected: string[];
  /** Whether to skip the applications that take minutes to install. */
  bounded: boolean;
}

/**
 * Runs third-party applications, and prints a table with the result of each case and a list of what is wrong.
 *
 * @returns whether every case is right or skipped
 */
export async function runApplications({ root, bundled, selected, bounded }: Run): Promise<boolean> {
  const folder = join(root, 'test', 'apps');
  const names = readdirSync(bundled).filter((name) => existsSync(join(bundled, name, 'cases.mjs')) && existsSync(join(folder, name)));
  const unknown = selected.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`AUDITLOGIN_APPS names ${unknown}; there are ${names.join(', ')}`);
  const queue = names.filter((name) => selected.length === 0 || selected.includes(name));
  const packed = await pack(root);
  const rows: Row[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const started = Date.now();
      const { application } = (await import(pathToFileURL(join(bundled, name, 'cases.mjs')).href)) as { application: Application };
      for (const [variant, env] of Object.entries(application.variants ?? { '': {} })) {
        const left =
          bounded && application.heavy ? `the bounded run leaves it out; AUDITLOGIN_APPS=${name} npm run test:apps runs it` : undefined;
        const missing = left ?? application.needs?.missing;
        const cells =
          missing === undefined
            ? await runApplication(application, env, () => install(join(folder, name), name, packed))
            : cellsOf(application, { skipped: missing });
        rows.push({ name: [name, variant].filter(Boolean).join(' '), cells });
      }
      console.log(`${name}: done in ${Math.round((Date.now() - started) / 1000)} s`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return printTable(rows.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

async function runApplication(
  application: Application,
  variant: Record<string, string>,
  install: () => Promise<string>,
): Promise<Row['cells']> {
  const log = await startFaultServer();
  const running: RunningApplication[] = [];
  try {
    const folder = await install();
    const environment = { ...variant, AUDITLOG_API_BASE: log.apiBase, AUDITLOG_API_PROJECT: 'apps', AUDITLOG_API_TOKEN: TOKEN };
    const starts = await Promise.allSettled([
      startApplication(folder, { ...environment, AUDIT: '1' }, application.needs),
      startApplication(folder, { ...environment, AUDIT: '0' }, application.needs),
    ]);
    running.push(...starts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    const [audited, plain] = running;
    if (!audited || !plain) throw (starts.find((one) => one.status === 'rejected') as PromiseRejectedResult).reason;
    const driven = await driveAll(application, audited, plain);
    const eventsOf = (agent: string): AuditEvent[] => log.stored.filter(({ fields }) => fields?.['user_agent'] === agent);
    const deadline = Date.now() + ARRIVAL_LIMIT;
    while (driven.some(({ agent, expected = [] }) => eventsOf(agent).length < expected.length) && Date.now() < deadline) await sleep(20);
    // Unexpected events may arrive until the process has ended.
    await audited.stop();
    return Object.fromEntries(
      driven.map(({ name, agent, expected, problems, secrets }) => {
        const events = eventsOf(agent);
        const wrong = [
          ...problems,
          ...(expected ? judgeEvents(events, expected) : []),
          ...judgeSecrets(events, [...secrets, ...application.secrets]),
        ];
        if (wrong.length > 0 && process.env['AUDITLOGIN_APPS_VERBOSE']) console.error(name, JSON.stringify(events, null, 2));
        return [name, { wrong }];
      }),
    );
  } catch (error) {
    return cellsOf(application, error instanceof Missing ? { skipped: error.message } : { wrong: [messageOf(error)] });
  } finally {
    await Promise.all(running.map((one) => one.stop()));
    await log.close();
  }
}

/** Returns the message of an error. For `fetch failed` its cause has the reason. */
function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** The values that all cases of an application share. */
function cellsOf({ cases }: Application, cell: Row['cells'][string]): Row['cells'] {
  return Object.fromEntries(cases.map(({ name }) => [name, cell]));
}

/** A case after its requests were sent. */
interface Driven {
  name: string;
  /** Identifies the events of the case. */
  agent: string;
  /** Undefined if a request failed. */
  expected: ExpectedEvent[] | undefined;
  problems: string[];
  secrets: Set<string>;
}

async function driveAll(application: Application, audited: RunningApplication, plain: RunningApplication): Promise<Driven[]> {
  const worlds = await Promise.all([audited, plain].map(({ base }) => application.prepare(new Client(base, 'auditlogin-apps/prepare'))));
  const driven: Driven[] = [];
  for (const [index, one] of application.cases.entries()) driven.push(await drive(one, index, [audited, plain], worlds));
  return driven;
}

async function drive(one: Case<unknown>, index: number, sides: RunningApplication[], worlds: unknown[]): Promise<Driven> {
  const agent = `auditlogin-apps/case-${index + 1}`;
  const clients = sides.map(({ base }) => new Client(base, agent));
  const [audited, plain] = clients as [Client, Client];
  const driven: Driven = { name: one.name, agent, expected: undefined, problems: [], secrets: audited.secrets };
  try {
    for (const [side, client] of clients.entries()) await one.drive(client, worlds[side]);
    driven.expected = typeof one.events === 'function' ? one.events(worlds[0], audited.answers) : one.events;
  } catch (error) {
    return { ...driven, problems: [`it could not be driven: ${messageOf(error)}`] };
  }
  const statuses = plain.answers.map(({ status }) => status);
  if (statuses.join() !== one.statuses.join())
    driven.problems.push(`the application answered ${statuses.join()}, expected ${one.statuses.join()}`);
  driven.problems.push(...judgeAnswers(audited.answers, plain.answers));
  return driven;
}
