import { AuditError } from '@auditlogin/core';
import { operateSpools, readConnection, showControls, showJson, spoolDirectory } from '@auditlogin/core/log';
import { paint } from '../paint.js';
import { table } from '../table.js';

/** The common flags of the `auditlogin spool` commands. */
export interface SpoolFlags {
  spoolDir?: string;
  json?: boolean;
  all?: boolean;
}

const MAX_REASON = 60;

/**
 * Lists the events that were set aside.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_SPOOL` if there is no spool directory
 */
export function spoolList({ spoolDir, json }: SpoolFlags): void {
  const events = operateSpools(spoolDirectory(spoolDir)).deadLetters();
  if (json) return print(events.map(({ id, reason, at, body }) => ({ id, reason, at: time(at), ...contentOf(body) })));
  if (events.length === 0) return console.log('No events are set aside.');
  console.log(
    table(
      ['ID', 'SET ASIDE', 'ACTION', 'REASON'],
      events.map(({ id, at, body, reason }) => [showControls(id), time(at), actionIn(body), showControls(reason).slice(0, MAX_REASON)]),
    ),
  );
  console.log(
    paint.dim(
      `\n${events.length} events are set aside. "auditlogin spool show <id>" shows one, "replay" sends it again, "discard" deletes it.`,
    ),
  );
}

/**
 * Shows one event that was set aside.
 *
 * @param id its `external_id`
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_SPOOL` if no such event was set aside
 */
export function spoolShow(id: string, { spoolDir }: SpoolFlags): void {
  const found = operateSpools(spoolDirectory(spoolDir))
    .deadLetters()
    .find((event) => event.id === id);
  if (!found) throw notFound([id]);
  console.error(`${paint.dim('reason')} ${showControls(found.reason)}\n${paint.dim('set aside')} ${time(found.at)}`);
  const { event, body } = contentOf(found.body);
  if (event === null) console.log(showControls(body!));
  else print(event);
}

/**
 * Sends events that were set aside again.
 *
 * @param ids their `external_id`s
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` without ids and `--all`, `ERR_AUDIT_SPOOL` when none was found
 */
export function spoolReplay(ids: string[], flags: SpoolFlags): void {
  const { replayed, unreadable } = operateSpools(spoolDirectory(flags.spoolDir)).replay(chosen(ids, flags));
  if (replayed + unreadable.length === 0) throw notFound(ids);
  if (flags.json) return print({ replayed, unreadable });
  if (replayed > 0) {
    console.log(
      `${replayed} ${replayed === 1 ? 'event is' : 'events are'} queued again. A running application sends them within a minute, otherwise the next application at its start.`,
    );
  }
  if (unreadable.length > 0) {
    console.log(`Damaged events cannot be sent and stay set aside: ${unreadable.map(showControls).join(', ')}.`);
  }
}

/** The flags of `auditlogin spool move`. */
export interface MoveFlags extends SpoolFlags {
  to?: string;
  project?: string;
}

/**
 * Re-addresses what waits for another address of the project, such as a mistyped one.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_CONFIG_MISSING` or `ERR_AUDIT_OPTION_INVALID` without a valid address and project, `ERR_AUDIT_SPOOL` when there is no
 *   spool directory
 */
export function spoolMove({ to, project, spoolDir, json }: MoveFlags): void {
  // Nothing is sent, so no token is needed.
  const { connection } = readConnection({
    ...(to !== undefined && { apiBase: to }),
    ...(project !== undefined && { project }),
    token: 'none',
  });
  const { moved, inUse } = operateSpools(spoolDirectory(spoolDir)).move(connection);
  if (json) return print({ moved, inUse });
  const address = showControls(connection.apiBase);
  if (moved === 0) console.log(`No event waits for another address than ${address}.`);
  else {
    console.log(
      `${moved} ${moved === 1 ? 'event waits' : 'events wait'} for ${address} now. A running application sends them within a minute, otherwise the next application at its start.`,
    );
  }
  if (inUse > 0) console.log(`Running applications use ${inUse} other ${inUse === 1 ? 'spool' : 'spools'}, which stay as they are.`);
}

/**
 * Deletes events that were set aside.
 *
 * @param ids our ids
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` without ids and `--all`, `ERR_AUDIT_SPOOL` when none was found
 */
export function spoolDiscard(ids: string[], flags: SpoolFlags): void {
  const count = operateSpools(spoolDirectory(flags.spoolDir)).discard(chosen(ids, flags));
  if (count === 0) throw notFound(ids);
  if (flags.json) return print({ discarded: count });
  console.log(`${count} ${count === 1 ? 'event was' : 'events were'} deleted.`);
}

/**
 * Shows the size of each spool.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_SPOOL` when there is no spool directory
 */
export function spoolStats({ spoolDir, json }: SpoolFlags): void {
  const directory = spoolDirectory(spoolDir);
  const summaries = operateSpools(directory).summaries();
  if (json) return print(summaries.map(({ oldest, ...rest }) => ({ ...rest, oldest: oldest === undefined ? null : time(oldest) })));
  if (summaries.length === 0) return console.log(`There are no spools in ${showControls(directory)}, so no events wait.`);
  console.log(
    table(
      ['SPOOL', 'PROCESS', 'WAITING', 'BYTES', 'COALESCED', 'SET ASIDE', 'OLDEST'],
      summaries.map(({ file, isInUse, events, bytes, coalesced, setAside, oldest }) => [
        file.slice(directory.length + 1),
        isInUse ? 'running' : 'gone',
        events,
        bytes,
        coalesced,
        setAside,
        oldest === undefined ? '' : time(oldest),
      ]),
    ),
  );
}

function chosen(ids: string[], { all }: SpoolFlags): string[] | undefined {
  if (all && ids.length === 0) return undefined;
  if (ids.length > 0 && !all) return ids;
  throw new AuditError('ERR_AUDIT_OPTION_INVALID', 'Expected either the ids of events or --all.');
}

function notFound(ids: string[]): AuditError {
  return new AuditError(
    'ERR_AUDIT_SPOOL',
    ids.length === 0 ? 'No events are set aside.' : `These events are not set aside: ${ids.map(showControls).join(', ')}.`,
  );
}

/** Parses an event that was set aside. If it is damaged, its text is returned. */
function contentOf(body: string): { event: Record<string, unknown> | null; body?: string } {
  try {
    return { event: JSON.parse(body) as Record<string, unknown> | null };
  } catch {
    return { event: null, body };
  }
}

function actionIn(body: string): string {
  const action = contentOf(body).event?.['action'];
  return typeof action === 'string' ? showControls(action) : '(damaged)';
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function print(value: unknown): void {
  console.log(showJson(value, 2));
}
