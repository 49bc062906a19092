import { AuditError } from '@auditlogin/core';
import {
  destinationOf,
  type Fault,
  FAULTS,
  type Finding,
  localEventsIn,
  checkLog,
  readLog,
  readSealKeys,
  localReceiptsIn,
  type Report,
  showControls,
  showJson,
  spoolDirectory,
} from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, invalid, numberIn, type ReadyConnection, timeIn, withRange } from '../flags.js';
import { paint } from '../paint.js';
import { progressBar } from '../progress.js';
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
const MAX_SHOWN = 50;
const MOST = 9_999_999;

/**
 * Reads the log and checks its seals, chains and receipts. Sets the exit code to 1 if there is a fault.
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
  const destination = destinationOf(connection);

  // The spools are read before the log, so that an event that is sent in between is found in both instead of in neither.
  const pending = localEventsIn(directory, destination);
  const now = Date.now();
  const events = await read(connection, flags, window);
  const report = checkLog({ events, keys, receipts: localReceiptsIn(directory, destination), pending, now, grace, window });
  const wrong = FAULTS.filter((fault) => report.counts[fault] > 0 && !allowed.has(fault));

  if (flags.json) console.log(showJson({ ok: wrong.length === 0, ...report }, 2));
  else show(report, wrong, events.length);
  if (wrong.length > 0) process.exitCode = 1;
}

async function read(
  connection: ReadyConnection,
  flags: VerifyFlags,
  { from, to }: { from: number | undefined; to: number | undefined },
): ReturnType<typeof readLog> {
  const bar = progressBar('Reading', 'events', flags.json);
  try {
    return await readLog({
      ...connection,
      query: withRange(flags.query, from, to),
      timeout: numberIn('timeout', flags.timeout, 1, MOST),
      progress: bar.update,
    });
  } finally {
    bar.stop();
  }
}

function show({ counts, findings, instances }: Report, wrong: readonly Fault[], read: number): void {
  const rows = Object.entries(NAMES).map(([key, name]) => {
    const count = counts[key as keyof Report['counts']];
    const isWrong = count > 0 && (wrong as readonly string[]).includes(key);
    return [isWrong ? paint.red(name) : name, isWrong ? paint.red(String(count)) : String(count)];
  });
  for (const [name = '', count = ''] of rows) console.log(`${name}${' '.repeat(Math.max(1, 14 - visible(name)))}${count}`);
  if (findings.length > 0)
    console.log(`\n${table(['FAULT', 'WHAT', 'EVENT', 'INSTANCE', 'POSITION'], findings.slice(0, MAX_SHOWN).map(cellsOf))}`);
  if (findings.length > MAX_SHOWN) console.log(paint.dim(`… and ${findings.length - MAX_SHOWN} more; --json shows all.`));
  const about = `${read} events of ${instances} ${instances === 1 ? 'instance' : 'instances'} were read`;
  console.log(
    wrong.length === 0
      ? `\n${paint.green('✓')} ${about}; no fault was found.`
      : `\n${paint.red('✗')} ${about}; the log differs from what was sent: ${showControls(wrong.join(', '))}.`,
  );
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
