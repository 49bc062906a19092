import {
  AuditError,
  destinationOf,
  type Fault,
  FAULTS,
  heldIn,
  judgeLog,
  readConnection,
  readLog,
  readSealKeys,
  receiptsIn,
  type Report,
  showControls,
  spoolDirectory,
} from '@auditlogin/core';
import progress from 'cli-progress';
import { paint } from '../paint.js';
import { table } from '../table.js';

/** The flags of `auditlogin verify`. */
export interface VerifyFlags {
  apiBase?: string;
  project?: string;
  token?: string;
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

/**
 * Reads the log back and judges it: seals, chains, receipts. Sets the exit code: 0 if nothing is wrong, else 1.
 *
 * @param flags the command line's flags
 * @throws AuditError when the configuration is incomplete, or the log cannot be read
 */
export async function verify(flags: VerifyFlags): Promise<void> {
  const { connection } = readConnection(flags);
  const token = typeof connection.token === 'string' ? connection.token : await connection.token();
  const keys = readSealKeys();
  if (keys.length === 0) {
    throw new AuditError(
      'ERR_AUDIT_CONFIG_MISSING',
      'No key to check seals with: set AUDITLOG_SEAL_KEY to all keys that were ever used, divided by spaces.',
      {
        field: 'seal.key',
      },
    );
  }
  const allowed = allowedIn(flags.allow);
  const window = { ...timeIn('from', flags.from), ...timeIn('to', flags.to) };
  const grace = numberIn('grace', flags.grace) * 1000;
  const directory = spoolDirectory(flags.spoolDir);
  const destination = destinationOf(connection);

  // What waits is read first: an event that arrives meanwhile is then in the log, or known to wait.
  const held = heldIn(directory, destination);
  const now = Date.now();
  const events = await read({ ...connection, token }, flags, window);
  const report = judgeLog({ events, keys, receipts: receiptsIn(directory, destination), held, now, grace, window });
  const wrong = FAULTS.filter((fault) => report.counts[fault] > 0 && !allowed.has(fault));

  if (flags.json) console.log(JSON.stringify({ ok: wrong.length === 0, ...report }, null, 2));
  else show(report, wrong, events.length);
  if (wrong.length > 0) process.exitCode = 1;
}

async function read(
  connection: { apiBase: string; project: string; token: string },
  flags: VerifyFlags,
  window: { from?: number; to?: number },
): ReturnType<typeof readLog> {
  const bar = new progress.SingleBar({ format: 'Reading {bar} {value} of {total} events', stream: process.stderr, clearOnComplete: true });
  const isShown = process.stderr.isTTY && !flags.json;
  if (isShown) bar.start(0, 0);
  const range = window.from === undefined && window.to === undefined ? '' : `received:${iso(window.from)},${iso(window.to)}`;
  try {
    return await readLog({
      ...connection,
      query: [flags.query, range].filter(Boolean).join(' '),
      timeout: numberIn('timeout', flags.timeout),
      progress(count, total) {
        if (!isShown) return;
        bar.setTotal(total);
        bar.update(count);
      },
    });
  } finally {
    if (isShown) bar.stop();
  }
}

function show({ counts, findings, instances }: Report, wrong: readonly Fault[], read: number): void {
  const rows = Object.entries(NAMES).map(([key, name]) => {
    const count = counts[key as keyof Report['counts']];
    const isWrong = count > 0 && (wrong as readonly string[]).includes(key);
    return [isWrong ? paint.red(name) : name, isWrong ? paint.red(String(count)) : String(count)];
  });
  // Only names and numbers of our own: nothing of them needs to be made plain.
  for (const [name, count] of rows) console.log(`${name}${' '.repeat(Math.max(1, 14 - visible(name!)))}${count}`);
  if (findings.length > 0) {
    console.log(
      `\n${table(
        ['FAULT', 'WHAT', 'EVENT', 'INSTANCE', 'PLACE'],
        findings
          .slice(0, MAX_SHOWN)
          .map(({ fault, what, id, externalId, instance, seq }) => [
            fault,
            what,
            externalId ?? id ?? '',
            instance?.slice(0, 8) ?? '',
            seq ?? '',
          ]),
      )}`,
    );
    if (findings.length > MAX_SHOWN) console.log(paint.dim(`… and ${findings.length - MAX_SHOWN} more; --json shows all.`));
  }
  const about = `${read} events of ${instances} ${instances === 1 ? 'instance' : 'instances'} were read`;
  console.log(
    wrong.length === 0
      ? `\n${paint.green('✓')} ${about}; nothing is wrong.`
      : `\n${paint.red('✗')} ${about}; this log is not what was sent: ${showControls(wrong.join(', '))}.`,
  );
}

function visible(text: string): number {
  // eslint-disable-next-line no-control-regex -- colours take no room
  return text.replace(/\u001b\[\d+m/g, '').length;
}

function allowedIn(text: string | undefined): Set<string> {
  const allowed = text?.split(',').map((each) => each.trim()) ?? [];
  const unknown = allowed.find((each) => !(FAULTS as readonly string[]).includes(each));
  if (unknown === undefined) return new Set(allowed);
  throw invalid('allow', unknown, `some of ${FAULTS.join(', ')}`);
}

function timeIn(name: 'from' | 'to', text: string | undefined): { from?: number; to?: number } {
  if (text === undefined) return {};
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalid(name, text, 'a time in ISO 8601');
  return { [name]: time };
}

function numberIn(name: string, text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw invalid(name, text, 'a whole number from 0 to 9999999');
}

function invalid(name: string, seen: string, expected: string): AuditError {
  return new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "--${name}" is ${JSON.stringify(seen)}; expected ${expected}.`, {
    field: name,
  });
}

function iso(time: number | undefined): string {
  return time === undefined ? '' : new Date(time).toISOString();
}
