import { AuditError } from '@auditlogin/core';
import {
  checkLog,
  destinationOf,
  ENGINE_PROJECT,
  type Fault,
  FAULTS,
  type Finding,
  type LedgerEntry,
  localEventsIn,
  localReceiptsIn,
  type LogRecords,
  type LogVerdict,
  logVerdict,
  projectKey,
  type ReadBackEvent,
  readLog,
  readSealKeys,
  receiptsOutside,
  recordsOf,
  type Report,
  type SealKey,
  showControls,
  showJson,
  spoolDirectory,
} from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, invalid, numberIn, queryIn, type ReadyConnection, timeIn, withRange } from '../flags.js';
import { paint } from '../paint.js';
import { type Progress, progressBar } from '../progress.js';
import { table } from '../table.js';

/** The flags of `auditlogin verify`. */
export interface VerifyFlags extends ConnectionFlags {
  spoolDir?: string;
  query: string;
  from?: string;
  to?: string;
  grace: string;
  timeout: string;
  allow?: string;
  sealedProject?: string;
  json?: boolean;
}

const NAMES: Record<keyof Report['counts'], string> = {
  verified: 'verified',
  altered: 'altered',
  missing: 'missing',
  reordered: 'reordered',
  duplicated: 'duplicated',
  foreign: 'foreign',
  unsealed: 'unsealed',
  on_the_way: 'on the way',
  set_aside: 'set aside',
};
const EXIT_CODES: Record<LogVerdict, number> = { intact: 0, violated: 1, inconclusive: 3 };
const IDS_PER_SEARCH = 50;
const MAX_SHOWN = 50;
const MOST = 9_999_999;

/**
 * Reads the log and checks its seals, chains and receipts. Sets the exit code to 1 if there is a fault, and to 3 if there was nothing to judge.
 *
 * @param flags the flags of the command line
 * @throws AuditError if the configuration is incomplete or the log cannot be read
 */
export async function verify(flags: VerifyFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const keys = readSealKeys();
  if (keys.length === 0) {
    throw new AuditError(
      'ERR_AUDIT_CONFIG_MISSING',
      'There is no key to check seals with: set AUDITLOG_SEAL_KEY to every key that was ever used, separated by spaces.',
      { field: 'seal.key' },
    );
  }
  const allowed = allowedIn(flags.allow);
  const window = { from: timeIn('from', flags.from), to: timeIn('to', flags.to) };
  const grace = numberIn('grace', flags.grace, 0, MOST) * 1000;
  const directory = spoolDirectory(flags.spoolDir);
  // The spools are read before the log, so that an event that is sent in between is found in both instead of in neither.
  const pending = localEventsIn(directory);
  const now = Date.now();
  const events = await read(connection, flags, withRange(queryIn(flags.query), window.from, window.to));
  const records = recordsOf(events, destinationOf(connection), localReceiptsIn(directory), pending);
  const outside = flags.query.trim() === '' ? undefined : await lookUp(connection, flags, receiptsOutside({ events, ...records, window }));
  const report = checkLog({
    events,
    keys: keysOf(keys, [connection.project, ...(flags.sealedProject?.split(',') ?? [])]),
    ...records,
    now,
    grace,
    window,
    outside,
  });
  const { verdict, wrong } = logVerdict(report, events.length, allowed);

  if (flags.json)
    console.log(showJson({ ok: verdict === 'intact', verdict, against: { receipts: records.receipts.length }, ...report }, 2));
  else show(report, `${sentenceOf(verdict, report, wrong, events.length)} ${againstWhat(records, directory)}`, wrong);
  process.exitCode = EXIT_CODES[verdict];
}

/** Derives the keys for the projects whose events may be in the log. */
function keysOf(keys: readonly SealKey[], projects: readonly string[]): SealKey[] {
  return keys.flatMap((key) => [...projects, ENGINE_PROJECT].map((project) => projectKey(key, project)));
}

/** Searches for events that a query left out, by their ids. */
async function lookUp(connection: ReadyConnection, flags: VerifyFlags, receipts: readonly LedgerEntry[]): Promise<ReadBackEvent[]> {
  const found: ReadBackEvent[] = [];
  for (let index = 0; index < receipts.length; index += IDS_PER_SEARCH) {
    const ids = receipts.slice(index, index + IDS_PER_SEARCH).map(({ externalId }) => externalId);
    for (const read of await readEvents(connection, flags, `external_id:${ids.join(',')}`)) found.push(read);
  }
  return found;
}

async function readEvents(
  connection: ReadyConnection,
  flags: VerifyFlags,
  query: string,
  progress?: Progress['update'],
): Promise<ReadBackEvent[]> {
  return readLog({ ...connection, query, timeout: numberIn('timeout', flags.timeout, 1, MOST), ...(progress && { progress }) });
}

async function read(connection: ReadyConnection, flags: VerifyFlags, query: string): Promise<ReadBackEvent[]> {
  const bar = progressBar('Reading', 'events', flags.json);
  try {
    return await readEvents(connection, flags, query, bar.update);
  } finally {
    bar.stop();
  }
}

function sentenceOf(verdict: LogVerdict, { instances }: Report, wrong: readonly Fault[], read: number): string {
  const about = `${read} events of ${instances} ${instances === 1 ? 'instance' : 'instances'} were read`;
  switch (verdict) {
    case 'intact':
      return `${paint.green('✓')} intact: ${about}; no fault was found.`;
    case 'violated':
      return `${paint.red('✗')} violated: ${about}; the log differs from what was sent: ${wrong.join(', ')}.`;
    case 'inconclusive':
      return `${paint.yellow('?')} inconclusive: no event was read, so nothing can be judged.`;
  }
}

/** Says what the log was checked against, and what that leaves open. */
function againstWhat({ receipts, unrelated }: LogRecords, directory: string): string {
  const others =
    unrelated === 0
      ? ''
      : ` ${unrelated} receipts in that folder belong to other logs, or to an address that cannot be linked to this log.`;
  if (receipts.length === 0) {
    return `There is no receipt of this log in ${showControls(directory)}: whether the newest events or whole instances are missing stays open.${others}`;
  }
  const newest = receipts.reduce((latest, { at }) => Math.max(latest, at), 0);
  return `It was checked against ${receipts.length} receipts up to ${new Date(newest).toISOString()}; whether newer events are missing stays open.${others}`;
}

function show({ counts, findings }: Report, sentence: string, wrong: readonly Fault[]): void {
  console.log(`${sentence}\n`);
  const rows = Object.entries(NAMES).map(([key, name]) => {
    const count = counts[key as keyof Report['counts']];
    const isWrong = count > 0 && (wrong as readonly string[]).includes(key);
    return [isWrong ? paint.red(name) : name, isWrong ? paint.red(String(count)) : String(count)];
  });
  for (const [name = '', count = ''] of rows) console.log(`${name}${' '.repeat(Math.max(1, 14 - visible(name)))}${count}`);
  if (findings.length > 0)
    console.log(`\n${table(['FAULT', 'WHAT', 'EVENT', 'INSTANCE', 'POSITION'], findings.slice(0, MAX_SHOWN).map(cellsOf))}`);
  if (findings.length > MAX_SHOWN) console.log(paint.dim(`… and ${findings.length - MAX_SHOWN} more; --json shows all.`));
}

function cellsOf({ fault, what, id, externalId, instance, seq }: Finding): (string | number)[] {
  return [fault, what, externalId ?? id ?? '', instance?.slice(0, 8) ?? '', seq ?? ''];
}

/** Width of a text in a terminal, in columns. */
function visible(text: string): number {
  // eslint-disable-next-line no-control-regex -- the sequences of colours
  return text.replace(/\u001b\[\d+m/g, '').length;
}

function allowedIn(text: string | undefined): Set<string> {
  const allowed = text?.split(',').map((each) => each.trim()) ?? [];
  const unknown = allowed.find((each) => !(FAULTS as readonly string[]).includes(each));
  if (unknown === undefined) return new Set(allowed);
  throw invalid('allow', unknown, `some of ${FAULTS.join(', ')}`);
}
