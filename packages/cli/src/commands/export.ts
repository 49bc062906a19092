import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { type AuditEvent, AuditError } from '@auditlogin/core';
import { fetchByProxy, type FetchedResponse, logPages, type ReadBackEvent, showJson } from '@auditlogin/core/log';
import { type ExportLine, operateCollector } from '@auditlogin/collector';
import { connectionIn, type ConnectionFlags, numberIn, queryIn, type ReadyConnection, timeIn, withRange } from '../flags.js';
import { paint } from '../paint.js';
import { type Progress, progressBar } from '../progress.js';

/** The flags of `auditlogin export`. */
export interface ExportFlags extends ConnectionFlags {
  data?: string;
  output?: string;
  query: string;
  from?: string;
  to?: string;
  timeout: string;
}

/** A line of an export. Only a collector returns the hash. */
type Line = Omit<ExportLine, 'hash'> & { hash?: string };

/**
 * Writes the events of a log, one JSON object per line. A collector returns events as they were sent; Retraced returns what its search contains.
 *
 * @param flags the flags of the command line
 * @throws AuditError if the configuration is incomplete or the log cannot be read
 */
export async function exportLog(flags: ExportFlags): Promise<void> {
  const range = withRange(queryIn(flags.query), timeIn('from', flags.from), timeIn('to', flags.to));
  const output = flags.output === undefined ? process.stdout : createWriteStream(flags.output, { mode: 0o600, flags: 'wx' });
  if (flags.output !== undefined) await opened(output, flags.output);
  const bar = progressBar('Exporting', 'events');
  let count = 0;
  try {
    for await (const lines of linesOf(flags, range, bar)) {
      count += lines.length;
      if (!output.write(lines.map((line) => `${showJson(line)}\n`).join(''))) await once(output, 'drain');
    }
  } finally {
    bar.stop();
  }
  if (output !== process.stdout) {
    output.end();
    await once(output, 'finish');
  }
  console.error(`${paint.green('✓')} ${count} ${count === 1 ? 'event was' : 'events were'} exported.`);
}

async function* linesOf(flags: ExportFlags, query: string, bar: Progress): AsyncGenerator<Line[]> {
  if (flags.data !== undefined) {
    using operator = operateCollector(flags.data);
    const project = flags.project ?? 'dev';
    const total = operator.count(project, query);
    let done = 0;
    for await (const lines of operator.read(project, query)) {
      bar.update((done += lines.length), total);
      yield lines;
    }
    return;
  }
  const connection = await connectionIn(flags);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  const whole = await fromCollector(connection, query, timeout);
  if (whole) {
    for await (const lines of whole) yield lines;
    return;
  }
  for await (const page of logPages({ ...connection, query, timeout, progress: bar.update })) yield page.map(exportLineOf);
}

/** Requests the export of a collector. @returns undefined if the server is not a collector and has no such call */
async function fromCollector(
  { apiBase, project, token }: ReadyConnection,
  query: string,
  timeout: number,
): Promise<AsyncGenerator<Line[]> | undefined> {
  const url = `${apiBase}/publisher/v1/project/${encodeURIComponent(project)}/export?${new URLSearchParams(query === '' ? {} : { query })}`;
  const patience = AbortSignal.timeout(timeout);
  let response: FetchedResponse;
  try {
    response = await fetchByProxy(url, { redirect: 'error', headers: { authorization: `Token token=${token}` }, signal: patience });
  } catch {
    // The search that follows fails for the same reason and reports it.
    return undefined;
  }
  if (!response.ok || !response.headers.get('content-type')?.startsWith('application/x-ndjson')) {
    await response.body?.cancel();
    return undefined;
  }
  return batches(response);
}

async function* batches(response: FetchedResponse): AsyncGenerator<Line[]> {
  let rest = '';
  for await (const piece of Readable.fromWeb(response.body as never).setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    yield lines.filter(Boolean).map((line) => JSON.parse(line) as Line);
  }
  if (rest !== '') throw new AuditError('ERR_AUDIT_CONNECTION', 'The connection ended before the export was complete.');
}

function exportLineOf({ id, created, received, names, event }: ReadBackEvent): Line {
  const whole: AuditEvent = { ...event };
  if (created !== undefined) whole.created = created;
  if (event.actor) whole.actor = named(event.actor, names.actor);
  if (event.group) whole.group = named(event.group, names.group);
  if (event.target) whole.target = named(event.target, names.target);
  return { id, received: received ?? '', event: whole };
}

function named<T extends { name?: string }>(part: T, name: string | undefined): T {
  return name === undefined ? part : { ...part, name };
}

async function opened(output: Writable, file: string): Promise<void> {
  try {
    await once(output, 'open');
  } catch (thrown) {
    const isThere = (thrown as { code?: string }).code === 'EEXIST';
    const why = isThere ? 'it already exists' : (thrown as Error).message;
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "--output" is ${JSON.stringify(file)}, which cannot be written: ${why}.`, {
      field: 'output',
    });
  }
}
