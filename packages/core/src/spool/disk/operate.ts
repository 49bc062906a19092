import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { AuditError } from '../../errors.js';
import { destinationIn, destinationOf, lockSpool, placeIn, removeSpool, spoolsIn } from './directory.js';
import { spoolsElsewhere, waitingElsewhere } from './elsewhere.js';
import { pageEntry, pageOf } from './event-page.js';
import { openSpoolFile, type SpoolFile } from './spool-file.js';
import type { DeadLetter } from '../spool.js';
import { readStored } from '../stored-event.js';

/** Summary of the spool of one process. */
export interface SpoolSummary {
  file: string;
  /** Whether its process is running. */
  isInUse: boolean;
  events: number;
  bytes: number;
  coalesced: number;
  setAside: number;
  /** Time at which the oldest waiting event was appended, in milliseconds since 1970; undefined if none waits. */
  oldest: number | undefined;
}

/** What operators can do with the spools of a directory. Running applications are not disturbed. */
export interface SpoolOperator {
  summaries(): SpoolSummary[];
  /** The events that were set aside. */
  deadLetters(): (DeadLetter & { file: string })[];
  /**
   * Sends events that were set aside again. They move to a new spool, which a running application takes over within a minute, or the next application
   * at its start.
   *
   * Events that cannot be read stay set aside, since no server would accept them.
   *
   * @param ids `external_id`s; undefined for all
   * @returns the number of events that will be sent again, and the ids of those that cannot be read
   */
  replay(ids: readonly string[] | undefined): { replayed: number; unreadable: string[] };
  /**
   * Counts the events that wait for another address of a project, except those of running applications.
   *
   * @param connection the address and the project in use
   */
  waitingElsewhere(connection: { apiBase: string; project: string }): number;
  /**
   * Re-addresses everything that waits or was set aside for another address of a project. It moves to a new spool, which a running application takes
   * over within a minute, or the next application at its start. Spools of running applications are left alone.
   *
   * @param connection the new address, and the project
   * @returns the number of waiting events that were moved, and of spools in use
   */
  move(connection: { apiBase: string; project: string }): { moved: number; inUse: number };
  /** Deletes events that were set aside. @returns their number */
  discard(ids: readonly string[] | undefined): number;
}

/** Only the process that owns a spool enforces its bound. */
const ANY_SIZE = 1_073_741_824;

/**
 * Opens a spool directory for an operator.
 *
 * @param directory the directory
 * @throws AuditError `ERR_AUDIT_SPOOL` if the directory does not exist
 */
export function operateSpools(directory: string): SpoolOperator {
  if (!existsSync(directory)) {
    throw new AuditError('ERR_AUDIT_SPOOL', `There is no spool directory ${directory}; set AUDITLOG_SPOOL_DIR or --spool-dir.`, {
      field: 'spool.directory',
    });
  }

  function each<T>(mode: 'read' | 'share', work: (file: SpoolFile) => T): T[] {
    return spoolsIn(directory).map((path) => {
      const file = openSpoolFile(path, { maxBytes: ANY_SIZE, mode });
      try {
        return work(file);
      } finally {
        file.close();
      }
    });
  }

  /** @returns the chosen events of all spools */
  function eachChosen(ids: readonly string[] | undefined, work: (file: SpoolFile, chosen: DeadLetter[]) => void): DeadLetter[] {
    const wanted = ids && new Set(ids);
    return each('share', (file) => {
      const chosen = file.deadLetters().filter(({ id }) => !wanted || wanted.has(id));
      if (chosen.length > 0) work(file, chosen);
      return chosen;
    }).flat();
  }

  /** Fills a new spool, and holds its lock meanwhile, so that no application takes it over half full. */
  function intoNewSpool<T>(destination: string, fill: (file: SpoolFile) => T): T {
    const { file: path } = placeIn(directory, destination);
    const lock = lockSpool(path);
    const file = openSpoolFile(path, { maxBytes: ANY_SIZE });
    try {
      return fill(file);
    } finally {
      file.close();
      lock?.release();
    }
  }

  /** @returns the number of waiting events that were moved; undefined if a running application uses the spool */
  function moveOne(path: string, destination: string): number | undefined {
    const lock = lockSpool(path);
    if (!lock) return undefined;
    try {
      if (!existsSync(path)) return 0;
      const source = openSpoolFile(path, { maxBytes: ANY_SIZE });
      const { coalesced } = source.size();
      const moved = intoNewSpool(destination, (target) => target.adopt(source, basename(path)));
      source.close();
      removeSpool(path);
      return moved + coalesced;
    } finally {
      lock.release();
    }
  }

  function sendAgain(file: SpoolFile, chosen: readonly DeadLetter[]): void {
    const readable = chosen.filter(isReadable);
    if (readable.length === 0) return;
    intoNewSpool(destinationIn(file.path), (again) => {
      again.commit(readable.map(({ body }) => ({ do: 'append', page: pageOf([pageEntry(body)], Date.now()) })));
    });
    file.discard(readable.map(({ seq }) => seq));
  }

  return {
    summaries: () =>
      each('read', (file) => {
        const { events, bytes, coalesced, setAside } = file.size();
        return { file: file.path, isInUse: isInUse(file.path), events, bytes, coalesced, setAside, oldest: file.oldest() };
      }),
    deadLetters: () => each('read', (file) => file.deadLetters().map((event) => ({ ...event, file: file.path }))).flat(),
    replay(ids) {
      const chosen = eachChosen(ids, sendAgain);
      const unreadable = chosen.filter((event) => !isReadable(event)).map(({ id }) => id);
      return { replayed: chosen.length - unreadable.length, unreadable };
    },
    waitingElsewhere: (connection) => waitingElsewhere(directory, destinationOf(connection)),
    move(connection) {
      const destination = destinationOf(connection);
      const moved = spoolsElsewhere(directory, destination).map((path) => moveOne(path, destination));
      const sum = moved.reduce<number>((total, count) => total + (count ?? 0), 0);
      return { moved: sum, inUse: moved.filter((count) => count === undefined).length };
    },
    discard: (ids) => eachChosen(ids, (file, chosen) => void file.discard(chosen.map(({ seq }) => seq))).length,
  };
}

function isReadable({ seq, body }: DeadLetter): boolean {
  return readStored([{ seq, body, queuedAt: 0, inDoubt: false, crashes: 0 }]).unreadable.length === 0;
}

function isInUse(path: string): boolean {
  const lock = lockSpool(path);
  lock?.release();
  return lock === undefined;
}
