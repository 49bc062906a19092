import { setTimeout as wait } from 'node:timers/promises';
import type { AuditEvent } from '@auditlogin/core';
import { isTrue, logPages, readLog, showControls, type ReadBackEvent, timeOfId } from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, durationIn, numberIn, type ReadyConnection, withRange } from '../flags.js';
import { paint } from '../paint.js';

/** The flags of `auditlogin tail`. */
export interface TailFlags extends ConnectionFlags {
  query: string;
  outcome?: string;
  reason?: string;
  actor?: string;
  group?: string;
  address?: string;
  lines: string;
  interval: string;
  timeout: string;
  follow: boolean;
  json?: boolean;
}

/** What the server is slow to index is asked for again; what was shown is not shown twice. */
const OVERLAP = 120_000;
const FILTERS = ['outcome', 'reason', 'actor', 'group', 'address'] as const;

/**
 * Shows the newest events, then each that comes, until it is told to stop.
 *
 * @param flags the command line's flags
 * @throws AuditError when the configuration is incomplete, or the log cannot be read at the start
 */
export async function tail(flags: TailFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const interval = durationIn('interval', flags.interval);
  const lines = numberIn('lines', flags.lines, 0, 10_000);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
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
      console.error(paint.yellow(`${thrown instanceof Error ? thrown.message : String(thrown)} Trying again.`));
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

function isNew({ id }: ReadBackEvent, shown: Map<string, number>): boolean {
  if (shown.has(id)) return false;
  shown.set(id, Date.now());
  return true;
}

function matches({ event }: ReadBackEvent, flags: TailFlags): boolean {
  const seen = factsOf(event);
  return FILTERS.every((name) => flags[name] === undefined || flags[name].split(',').includes(seen[name] ?? ''));
}

function factsOf({ fields, actor, group, source_ip, is_failure }: AuditEvent): Record<(typeof FILTERS)[number], string | undefined> {
  return {
    outcome: fields?.['outcome'] ?? (isTrue(is_failure) ? 'failure' : 'success'),
    reason: fields?.['reason'],
    actor: actor?.id ?? fields?.['identity'],
    group: group?.id,
    address: source_ip ?? fields?.['source_ip_seen'],
  };
}

function print(events: ReadBackEvent[], { json }: TailFlags): void {
  for (const read of events) console.log(json ? JSON.stringify(read) : lineOf(read));
}

function lineOf(read: ReadBackEvent): string {
  const { event, names } = read;
  const { outcome, reason, actor, group, address } = factsOf(event);
  const show = (text: string | undefined): string => (text === undefined ? '–' : showControls(text));
  const colour = outcome === 'success' ? paint.green : outcome === 'failure' ? paint.red : paint.yellow;
  const who = names.actor === undefined ? show(actor) : `${show(names.actor)} ${paint.dim(`(${show(actor)})`)}`;
  return [
    paint.dim(new Date(happened(read)).toISOString()),
    colour(show(outcome).padEnd(9)),
    show(event.action),
    who,
    paint.dim('from'),
    show(address),
    ...(group === undefined ? [] : [paint.dim('in'), show(names.group ?? group)]),
    ...(reason === undefined ? [] : [colour(show(reason))]),
  ].join(' ');
}

function oldestFirst(events: ReadBackEvent[]): ReadBackEvent[] {
  return events.sort((one, other) => happened(one) - happened(other));
}

/** The log cuts times to whole seconds; our own ids have the millisecond. */
function happened({ event, created, received }: ReadBackEvent): number {
  return timeOfId(event.external_id) ?? timeIn(created) ?? timeIn(received) ?? 0;
}

function timeIn(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
