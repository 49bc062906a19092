import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { type AuditEvent, AuditError, type Receipt } from '@auditlogin/core';
import { backoff, serialise, type SerialisedEvent, type ServerDelivery, type Transport } from '@auditlogin/core/engine';
import { canonicalTail, httpTransport, receiptMatches, showControls, showJson, violations } from '@auditlogin/core/log';
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
/** The largest event, in bytes: the server's largest body (Publisher API, "Calls") without the braces around a batch. */
const LARGEST = 10_485_760 - 1_024;
/** A batch is sent when it has this many bytes, unless one event alone has more. */
const BATCH_BYTES = 4_194_304;
const BACKOFF = { min: 500, max: 30_000 };
const MAX_SHOWN = 20;

/**
 * Publishes events that {@link exportLog} wrote. `created` is kept, and the id in the old log becomes the `external_id` of an event without one.
 * Events that the log already has are skipped, so that an import can be repeated. An event never takes the place of another one with the same
 * `external_id`. Sets the exit code to 1 if a line was refused or a hash is wrong.
 *
 * @param file the file, or `-` for standard input
 * @param flags the command line's flags
 * @throws AuditError if the configuration is incomplete, the file cannot be read, or the server fails
 */
export async function importLog(file: string, flags: ImportFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  const options = { tries: numberIn('tries', flags.tries, 1, 1_000), indexLag: durationIn('index-lag', flags.indexLag) };
  const transport = httpTransport({ ...connection, connections: 1, connectTimeout: timeout, timeout });
  const log = new LogImport(transport, options);
  const bar = progressBar('Importing', 'events', flags.json);
  let read = 0;
  try {
    for await (const batch of batchesOf(file, (line, why) => log.refuse(`line ${line}`, why))) {
      read += batch.length;
      await log.publish(batch);
      bar.update(read, read);
    }
  } finally {
    bar.stop();
    await transport.close();
  }
  const { counts, problems } = log;
  if (flags.json) console.log(showJson({ ...counts, problems }));
  else report(counts, problems);
  if (counts.refused + counts.mismatched > 0) process.exitCode = 1;
}

async function* batchesOf(file: string, refuse: (line: number, why: string) => void): AsyncGenerator<SerialisedEvent[]> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let batch: SerialisedEvent[] = [];
  let bytes = 0;
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() === '') continue;
      const event = serialisedIn(line);
      if (typeof event === 'string') {
        refuse(number, event);
        continue;
      }
      if (batch.length === BATCH || (batch.length > 0 && bytes + event.bytes > BATCH_BYTES)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(event);
      bytes += event.bytes;
    }
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    if (typeof code !== 'string' || code.startsWith('ERR_AUDIT')) throw thrown;
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `The file ${JSON.stringify(file)} cannot be read (${code}).`, { field: 'file' });
  }
  if (batch.length > 0) yield batch;
}

/** Reads and serialises the event of a line. @returns the reason if the line has no valid event */
function serialisedIn(line: string): SerialisedEvent | string {
  const event = eventIn(line);
  const why = typeof event === 'string' ? event : violations(event)[0]?.message;
  if (why !== undefined) return why;
  try {
    return serialise(event as AuditEvent & { external_id: string }, LARGEST);
  } catch (thrown) {
    return (thrown as AuditError).message;
  }
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

/** Events that are published together. */
interface Batch {
  /** Those that are not known to be in the log. */
  left: readonly SerialisedEvent[];
  /** Whether the log was searched for them, so that those that it has are from an earlier run. */
  wasSearched: boolean;
}

/** Why a batch has to be tried again. */
interface Failure {
  error: AuditError;
  /** How long to wait at least, in milliseconds. */
  pause: number;
}

interface ImportOptions {
  /** How often a batch is tried. */
  tries: number;
  /** How long the log needs until a search finds an event, in milliseconds. */
  indexLag: number;
}

/** Errors that another try does not cure. */
const FINAL: readonly string[] = ['ERR_AUDIT_UNAUTHORIZED', 'ERR_AUDIT_NOT_FOUND'];

/** Publishes events, and counts what became of them. */
class LogImport {
  readonly counts: Counts = { imported: 0, skipped: 0, refused: 0, mismatched: 0 };
  readonly problems: string[] = [];

  constructor(
    private readonly transport: Transport<ServerDelivery>,
    private readonly options: ImportOptions,
  ) {}

  refuse(what: string, why: string): void {
    this.counts.refused += 1;
    this.problems.push(`${what}: ${why}`);
  }

  /** Publishes events. Searches for them before it sends them, and again after a response that did not arrive, so that no event is stored twice. */
  async publish(events: readonly SerialisedEvent[]): Promise<void> {
    const batch: Batch = { left: this.distinct(events), wasSearched: false };
    for (let failures = 1; ; failures += 1) {
      const failure = await this.try(batch);
      if (!failure) return;
      if (failures >= this.options.tries || FINAL.includes(failure.error.code)) throw failure.error;
      await wait(Math.max(failure.pause, backoff(failures, BACKOFF)));
    }
  }

  /** Leaves out the lines whose `external_id` another line has: they are skipped if they say the same, and refused otherwise. */
  private distinct(events: readonly SerialisedEvent[]): SerialisedEvent[] {
    const first = new Map<string, SerialisedEvent>();
    for (const event of events) {
      const other = first.get(event.id);
      if (!other) first.set(event.id, event);
      else if (other.body === event.body) this.counts.skipped += 1;
      else this.refuse(event.id, 'another line has this external_id and says something else');
    }
    return [...first.values()];
  }

  /** @returns undefined if nothing of the batch is left to be tried again */
  private async try(batch: Batch): Promise<Failure | undefined> {
    const search = await this.transport.find(batch.left.map(({ id }) => id));
    if (search.kind === 'failed') return { error: search.error, pause: 0 };
    this.leaveOut(batch, search.receipts);
    if (batch.left.length === 0) return undefined;
    const delivery = await this.transport.send(batch.left);
    switch (delivery.kind) {
      case 'accepted':
        this.verify(batch.left, delivery.receipts);
        return undefined;
      case 'refused':
        await this.refuseOrSplit(batch.left, delivery.error);
        return undefined;
      case 'retry':
        return { error: delivery.error, pause: Math.max(delivery.after ?? 0, delivery.inDoubt ? this.options.indexLag : 0) };
    }
  }

  /**
   * Leaves out what the log has: from an earlier run, or from a try whose response did not arrive. An event of the log that says something else under the
   * same `external_id` is reported, since it may be forged.
   */
  private leaveOut(batch: Batch, receipts: ReadonlyMap<string, Receipt>): void {
    for (const event of batch.left) {
      const receipt = receipts.get(event.id);
      if (!receipt) continue;
      if (isIn(receipt, event)) this.counts[batch.wasSearched ? 'imported' : 'skipped'] += 1;
      else this.refuse(event.id, `the log has the event ${receipt.id} with this external_id, which says something else`);
    }
    batch.left = batch.left.filter(({ id }) => !receipts.has(id));
    batch.wasSearched = true;
  }

  private verify(events: readonly SerialisedEvent[], receipts: readonly Receipt[]): void {
    this.counts.imported += events.length;
    for (const [index, event] of events.entries()) {
      if (receiptMatches(receipts[index]!, event.tail)) continue;
      this.counts.mismatched += 1;
      this.problems.push(`${event.id}: the server's hash is not the hash of the event that was sent`);
    }
  }

  /** The server refuses a batch as a whole (Publisher API, trap 5), so its events are sent one by one. */
  private async refuseOrSplit(events: readonly SerialisedEvent[], { reason, message }: AuditError): Promise<void> {
    if (events.length === 1) this.refuse(events[0]!.id, reason ?? message);
    else for (const event of events) await this.publish([event]);
  }
}

/** Whether an event that was read from the log is the one to import. The log returns no empty maps. */
function isIn(receipt: Receipt, { body, tail }: SerialisedEvent): boolean {
  if (receiptMatches(receipt, tail)) return true;
  const { fields, metadata, ...rest } = JSON.parse(body) as AuditEvent;
  const filled = (map: typeof fields): boolean => map !== undefined && Object.keys(map).length > 0;
  return receiptMatches(receipt, canonicalTail({ ...rest, ...(filled(fields) && { fields }), ...(filled(metadata) && { metadata }) }));
}

function report({ imported, skipped, refused, mismatched }: Counts, problems: string[]): void {
  for (const problem of problems.slice(0, MAX_SHOWN)) console.error(`${paint.red('✗')} ${showControls(problem)}`);
  if (problems.length > MAX_SHOWN) console.error(paint.dim(`… and ${problems.length - MAX_SHOWN} more; --json shows all.`));
  const sign = refused + mismatched === 0 ? paint.green('✓') : paint.red('✗');
  console.log(
    `${sign} ${imported} imported and verified, ${skipped} already in the log, ${refused} refused, ${mismatched} with a wrong hash.`,
  );
}
