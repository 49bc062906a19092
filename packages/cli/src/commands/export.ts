import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { type AuditEvent, AuditError } from '@auditlogin/core';
import { logPages, type ReadBackEvent } from '@auditlogin/core/log';
import { type ExportLine, operateCollector } from '@auditlogin/collector';
import { connectionIn, type ConnectionFlags, numberIn, type ReadyConnection, timeIn, withRange } from '../flags.js';
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

/** A line as it is written; the hash only where the log gives it. */
type Line = Omit<ExportLine, 'hash'> & { hash?: string };

/**
 * Writes the events of a log, a JSON object a line: from the data folder of a collector or from a running one as they were sent, from Retraced as it
 * gives them back.
 *
 * @param flags the command line's flags
 * @throws AuditError when the configuration is incomplete, or the log cannot be read
 */
export async function exportLog(flags: ExportFlags): Promise<void> {
  const range = withRange(flags.query, timeIn('from', flags.from), timeIn('to', flags.to));
  const output = flags.output === undefined ? process.stdout : createWriteStream(flags.output, { mode: 0o600, flags: 'wx' });
  if (output !== process.stdout) await opened(output, flags.output!);
  const bar = progressBar('Exporting', 'events');
  let count = 0;
  try {
    for await (const lines of linesOf(flags, range, bar)) {
      count += lines.length;
      if (!output.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))) await once(output, 'drain');
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
  for await (const page of logPages({ ...connection, query, timeout, progress: bar.update })) yield page.map(lineOf);
}

/** A collector gives its events as they were sent; any other server has no such call. */
async function fromCollector(
  { apiBase, project, token }: ReadyConnection,
  query: string,
  timeout: number,
): Promise<AsyncGenerator<Line[]> | undefined> {
  const url = `${apiBase}/publisher/v1/project/${encodeURIComponent(project)}/export?${new URLSearchParams(query === '' ? {} : { query })}`;
  const patience = AbortSignal.timeout(timeout);
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'error', headers: { authorization: `Token token=${token}` }, signal: patience });
  } catch {
    // What is wrong is said by the search, which comes next.
    return undefined;
  }
  if (!response.ok || !response.headers.get('content-type')?.startsWith('application/x-ndjson')) {
    await response.body?.cancel();
    return undefined;
  }
  return batches(response);
}

async function* batches(response: Response): AsyncGenerator<Line[]> {
  let rest = '';
  for await (const piece of Readable.fromWeb(response.body as never).setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    yield lines.filter(Boolean).map((line) => JSON.parse(line) as Line);
  }
  if (rest !== '') throw new AuditError('ERR_AUDIT_CONNECTION', 'The export was cut short.');
}

function lineOf({ id, created, received, names, event }: ReadBackEvent): Line {
  const named = <T extends { id?: string } | undefined>(part: T, name: string | undefined): T =>
    part && name !== undefined ? { ...part, name } : part;
  const whole: AuditEvent = { ...event, ...(created !== undefined && { created }) };
  for (const kind of ['actor', 'group', 'target'] as const) {
    const part = named(event[kind], names[kind]);
    if (part) (whole as unknown as Record<string, unknown>)[kind] = part;
  }
  return { id, received: received ?? '', event: whole };
}

async function opened(output: Writable, file: string): Promise<void> {
  try {
    await once(output, 'open');
  } catch (thrown) {
    const isThere = (thrown as { code?: string }).code === 'EEXIST';
    const why = isThere ? 'it is there already' : (thrown as Error).message;
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "--output" is ${JSON.stringify(file)}, which cannot be written: ${why}.`, {
      field: 'output',
    });
  }
}
