import { setTimeout as wait } from 'node:timers/promises';
import {
  accountOf,
  correctionIn,
  FACET_NAMES,
  type FacetName,
  KNOWN_VALUES,
  logPages,
  type ReadBackEvent,
  readFacets,
  readLog,
  showControls,
  showJson,
  timeOfId,
} from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, durationIn, invalid, numberIn, queryIn, type ReadyConnection, withRange } from '../flags.js';
import { paint } from '../paint.js';

/** The flags of `auditlogin tail`. The value of a facet flag is a list separated by commas. */
export interface TailFlags extends ConnectionFlags, Partial<Record<FacetName, string>> {
  query: string;
  lines: string;
  interval: string;
  timeout: string;
  follow: boolean;
  json?: boolean;
}

/** Each search goes back this far, in milliseconds, since the server may index an event long after it received it. No event is shown twice. */
const OVERLAP = 120_000;

/** Searches for the values that an application may have made up. */
const SEARCHES: Partial<Record<FacetName, (value: string) => string>> = {
  reason: (value) => JSON.stringify(value),
  action: (value) => `action:${JSON.stringify(value)}`,
};

const COLOURS = new Map<string | undefined, (text: string) => string>([
  ['success', paint.green],
  ['failure', paint.red],
]);

/**
 * Shows the newest events, then each new one, until SIGINT or SIGTERM.
 *
 * @param flags the flags of the command line
 * @throws AuditError if the configuration is incomplete, or the log cannot be read at the start
 */
export async function tail(flags: TailFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const interval = durationIn('interval', flags.interval);
  const lines = numberIn('lines', flags.lines, 0, 10_000);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  queryIn(flags.query);
  await checkFacets({ ...connection, timeout }, flags);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

  const shown = new Map<string, number>();
  let from = Date.now() - OVERLAP;
  print(await newest({ ...connection, timeout }, flags, lines, shown), flags);
  while (flags.follow && !stop.signal.aborted) {
    await wait(interval, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    const now = Date.now();
    try {
      const found = await readLog({ ...connection, timeout, query: withRange(flags.query, from, undefined) });
      print(oldestFirst(found.filter((event) => isNew(event, shown) && matches(event, flags))), flags);
      from = now - OVERLAP;
      for (const [id, at] of shown) if (at < from - OVERLAP) shown.delete(id);
    } catch (thrown) {
      console.error(paint.yellow(`${showControls(thrown instanceof Error ? thrown.message : String(thrown))} Trying again.`));
    }
  }
}

async function newest(
  connection: ReadyConnection & { timeout: number },
  flags: TailFlags,
  lines: number,
  shown: Map<string, number>,
): Promise<ReadBackEvent[]> {
  const found: ReadBackEvent[] = [];
  const started = Date.now() - OVERLAP;
  for await (const page of logPages({ ...connection, query: flags.query })) {
    for (const event of page) {
      const isRecent = (timeIn(event.received) ?? 0) >= started;
      if (isRecent) isNew(event, shown);
      if (found.length < lines && matches(event, flags)) found.push(event);
      else if (found.length >= lines && !isRecent) return oldestFirst(found);
    }
  }
  return oldestFirst(found);
}

/**
 * Refuses the values of a facet that has a list of values and is given another one, since no event would ever be shown. A reason or an action may be the
 * application's own: it is known if the log has an event with it.
 *
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
async function checkFacets(connection: ReadyConnection & { timeout: number }, flags: TailFlags): Promise<void> {
  for (const [name, known] of Object.entries(KNOWN_VALUES) as [FacetName, readonly string[]][]) {
    const searchFor = SEARCHES[name];
    for (const value of flags[name]?.split(',') ?? []) {
      if (known.includes(value) || (searchFor && (await isInLog(connection, name, value, searchFor(value))))) continue;
      throw invalid(name, value, `some of ${known.join(', ')}${searchFor ? `, or another ${name} that the log has` : ''}`);
    }
  }
}

async function isInLog(connection: ReadyConnection & { timeout: number }, name: FacetName, value: string, query: string): Promise<boolean> {
  for await (const page of logPages({ ...connection, query })) {
    if (page.some(({ event }) => readFacets(event)[name] === value)) return true;
  }
  return false;
}

function isNew({ id }: ReadBackEvent, shown: Map<string, number>): boolean {
  if (shown.has(id)) return false;
  shown.set(id, Date.now());
  return true;
}

function matches({ event }: ReadBackEvent, flags: TailFlags): boolean {
  const facets = readFacets(event);
  return FACET_NAMES.every((name) => flags[name] === undefined || flags[name].split(',').includes(facets[name] ?? ''));
}

function print(events: ReadBackEvent[], { json }: TailFlags): void {
  for (const read of events) console.log(json ? showJson(read) : terminalLineOf(read));
}

function terminalLineOf(read: ReadBackEvent): string {
  const { event, names } = read;
  const { outcome, reason, group, address, action } = readFacets(event);
  const colour = COLOURS.get(outcome) ?? paint.yellow;
  const words = [
    paint.dim(new Date(happened(read)).toISOString()),
    colour(shown(outcome).padEnd(9)),
    shown(action),
    accountsOf(read),
    paint.dim('from'),
    shown(address),
  ];
  if (group !== undefined) words.push(paint.dim('in'), shown(names.group ?? group));
  if (reason !== undefined) words.push(colour(shown(reason)));
  const corrects = correctionIn(event);
  if (corrects !== undefined) words.push(paint.yellow('corrects'), shown(corrects));
  return words.join(' ');
}

/** Names the actor and the account that was tried. If no account is known, it names the typed user name. */
function accountsOf({ event, names }: ReadBackEvent): string {
  const { actor, target } = event;
  if (accountOf(event) === undefined) return shown(readFacets(event).account);
  const tried = target?.type === 'account' ? `${paint.dim('on')} ${named(target.id, names.target)}` : undefined;
  return [actor && named(actor.id, names.actor), tried].filter((part) => part !== undefined).join(' ');
}

function named(id: string, name: string | undefined): string {
  return name === undefined ? shown(id) : `${shown(name)} ${paint.dim(`(${shown(id)})`)}`;
}

function shown(text: string | undefined): string {
  return text === undefined ? '–' : showControls(text);
}

function oldestFirst(events: ReadBackEvent[]): ReadBackEvent[] {
  return events.sort((one, other) => happened(one) - happened(other));
}

/** Time of an event, in milliseconds since 1970. The server cuts times to whole seconds, but a UUIDv7 contains the millisecond. */
function happened({ event, created, received }: ReadBackEvent): number {
  return timeOfId(event.external_id) ?? timeIn(created) ?? timeIn(received) ?? 0;
}

function timeIn(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
