import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type AuditEvent, AuditError } from '@auditlogin/core';
import { backoff, serialise, type SerialisedEvent, type ServerDelivery, type Transport } from '@auditlogin/core/engine';
import { httpTransport, receiptMatches, violations } from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, durationIn, numberIn } from '../flags.js';
import { paint } from '../paint.js';
import { progressBar } from '../progress.js';

/** The flags of `auditlogin import`. */
export interface ImportFlags extends ConnectionFlags {
  timeout: string;
  indexLag: string;
  tries: string;
  json?: boolean;
}

/** Number of lines by result. */
interface Counts {
  imported: number;
  /** Lines whose `external_id` was already in the log. */
  skipped: number;
  refused: number;
  mismatched: number;
}

const BATCH = 50;
const BACKOFF = { min: 500, max: 30_000 };
const MAX_SHOWN = 20;

/**
 * Publishes events that {@link exportLog} wrote. `created` is kept, and the id in the old log becomes the `external_id` of an event without one.
 * Events that the log already has are skipped, so that an import can be repeated. Sets the exit code to 1 if a line was refused or a hash is wrong.
 *
 * @param file the file, or `-` for standard input
 * @param flags the command line's flags
 * @throws AuditError if the configuration is incomplete, the file cannot be read, or the server fails
 */
export async function importLog(file: string, flags: ImportFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  const tries = numberIn('tries', flags.tries, 1, 1_000);
  const indexLag = durationIn('index-lag', flags.indexLag);
  const transport = httpTransport({ ...connection, connections: 1, connectTimeout: timeout, timeout });
  const counts: Counts = { imported: 0, skipped: 0, refused: 0, mismatched: 0 };
  const problems: string[] = [];
  const bar = progressBar('Importing', 'events', flags.json);
  let read = 0;
  try {
    for await (const batch of batchesOf(file, (line, why) => {
      counts.refused += 1;
      problems.push(`line ${line}: ${why}`);
    })) {
      read += batch.length;
      await publish(batch, transport, { tries, indexLag }, counts, problems);
      bar.update(read, read);
    }
  } finally {
    bar.stop();
    await transport.close();
  }
  if (flags.json) console.log(JSON.stringify({ ...counts, problems }));
  else report(counts, problems);
  if (counts.refused + counts.mismatched > 0) process.exitCode = 1;
}

async function* batchesOf(file: string, refuse: (line: number, why: string) => void): AsyncGenerator<SerialisedEvent[]> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let batch: SerialisedEvent[] = [];
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === '') continue;
      const event = eventIn(line);
      const why = typeof event === 'string' ? event : violations(event)[0]?.message;
      if (why !== undefined) refuse(number, why);
      else batch.push(serialise(event as AuditEvent & { external_id: string }));
      if (batch.length === BATCH) {
        yield batch;
        batch = [];
      }
    }
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    if (typeof code !== 'string' || code.startsWith('ERR_AUDIT')) throw thrown;
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `The file ${JSON.stringify(file)} cannot be read (${code}).`, { field: 'file' });
  }
  if (batch.length > 0) yield batch;
}

/** Reads the event of a line, and sets its id and time if they are missing. @returns the reason if the line has no valid event */
function eventIn(line: string): AuditEvent | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  if (typeof parsed !== 'object' || parsed === null) return 'not a JSON object';
  const { id, received, event } = parsed as { id?: unknown; received?: unknown; event?: unknown };
  if (typeof event !== 'object' || event === null) return 'no property "event"; expected a line of "auditlogin export"';
  const whole = { ...(event as AuditEvent) };
  if (whole.external_id === undefined && typeof id === 'string') whole.external_id = id;
  if (whole.created === undefined && typeof received === 'string' && received !== '') whole.created = received;
  return whole.external_id === undefined ? 'neither "id" nor "external_id", so a repeated import would duplicate it' : whole;
}

/** Publishes a batch. Searches for its events before sending them, and again after a response that did not arrive, so that no event is stored twice. */
async function publish(
  batch: SerialisedEvent[],
  transport: Transport<ServerDelivery>,
  { tries, indexLag }: { tries: number; indexLag: number },
  counts: Counts,
  problems: string[],
): Promise<void> {
  let left = batch;
  let isFirst = true;
  for (let failures = 0; left.length > 0;) {
    const search = await transport.find(left.map(({ id }) => id));
    let error = search.kind === 'failed' ? search.error : undefined;
    let pause = 0;
    if (search.kind === 'searched') {
      const there = left.filter(({ id }) => search.receipts.has(id));
      if (isFirst) counts.skipped += there.length;
      else counts.imported += there.length;
      left = left.filter(({ id }) => !search.receipts.has(id));
      isFirst = false;
      if (left.length === 0) return;
      const delivery = await transport.send(left);
      if (delivery.kind === 'accepted') {
        counts.imported += left.length;
        for (const [index, event] of left.entries()) {
          if (receiptMatches(delivery.receipts[index]!, event.tail)) continue;
          counts.mismatched += 1;
          problems.push(`${event.id}: the server's hash is not the hash of the event that was sent`);
        }
        return;
      }
      if (delivery.kind === 'refused') {
        if (left.length === 1) {
          counts.refused += 1;
          problems.push(`${left[0]!.id}: ${delivery.error.reason ?? delivery.error.message}`);
          return;
        }
        // The server refuses a batch as a whole (Publisher API, trap 5), so its events are sent one by one.
        for (const event of left) await publish([event], transport, { tries, indexLag }, counts, problems);
        return;
      }
      error = delivery.error;
      pause = Math.max(delivery.after ?? 0, delivery.inDoubt ? indexLag : 0);
    }
    failures += 1;
    if (failures >= tries || error!.code === 'ERR_AUDIT_UNAUTHORIZED' || error!.code === 'ERR_AUDIT_NOT_FOUND') throw error!;
    await wait(Math.max(pause, backoff(failures, BACKOFF)));
  }
}

function report({ imported, skipped, refused, mismatched }: Counts, problems: string[]): void {
  for (const problem of problems.slice(0, MAX_SHOWN)) console.error(`${paint.red('✗')} ${problem}`);
  if (problems.length > MAX_SHOWN) console.error(paint.dim(`… and ${problems.length - MAX_SHOWN} more; --json shows all.`));
  const sign = refused + mismatched === 0 ? paint.green('✓') : paint.red('✗');
  console.log(
    `${sign} ${imported} imported and verified, ${skipped} already in the log, ${refused} refused, ${mismatched} with a wrong hash.`,
  );
}
