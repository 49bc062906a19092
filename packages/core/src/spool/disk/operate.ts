import { existsSync } from 'node:fs';
import { AuditError } from '../../errors.js';
import { destinationIn, lockSpool, placeIn, spoolsIn } from './directory.js';
import { lineOf, pageOf } from './event-pages.js';
import { openSpoolFile, type SpoolFile } from './spool-file.js';
import type { SetAsideEvent } from '../spool.js';

/** The spool of one process. */
export interface SpoolSummary {
  file: string;
  /** Whether its process lives. */
  isInUse: boolean;
  events: number;
  bytes: number;
  coalesced: number;
  setAside: number;
  /** When the oldest event was appended, in milliseconds since 1970. */
  oldest: number | undefined;
}

/** What operators do with spools. Running applications are not disturbed. */
export interface SpoolOperator {
  summaries(): SpoolSummary[];
  /** What the server would not take, or what grew too old. */
  setAside(): (SetAsideEvent & { file: string })[];
  /**
   * Has events sent once more: they become a spool of their own, which a running application takes over within a minute, or the next one at its start.
   *
   * @param ids our ids; undefined means all that was set aside
   * @returns how many
   */
  replay(ids: readonly string[] | undefined): number;
  /** Deletes events that were set aside. @returns how many */
  discard(ids: readonly string[] | undefined): number;
}

/** The bound does not matter beside the process whose spool it is. */
const ANY_SIZE = 1_073_741_824;

/**
 * Opens a spool directory for an operator.
 *
 * @param directory the directory
 * @throws AuditError `ERR_AUDIT_SPOOL` when it is not there
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

  function eachChosen(ids: readonly string[] | undefined, work: (file: SpoolFile, chosen: SetAsideEvent[]) => void): number {
    const wanted = ids && new Set(ids);
    const counts = each('share', (file) => {
      const chosen = file.setAsideEvents().filter(({ id }) => !wanted || wanted.has(id));
      if (chosen.length > 0) work(file, chosen);
      return chosen.length;
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  return {
    summaries: () =>
      each('read', (file) => {
        const { events, bytes, coalesced, setAside } = file.size();
        return { file: file.path, isInUse: isInUse(file.path), events, bytes, coalesced, setAside, oldest: file.oldest() };
      }),
    setAside: () => each('read', (file) => file.setAsideEvents().map((event) => ({ ...event, file: file.path }))).flat(),
    replay: (ids) =>
      eachChosen(ids, (file, chosen) => {
        const { file: path } = placeIn(directory, destinationIn(file.path));
        const again = openSpoolFile(path, { maxBytes: ANY_SIZE });
        again.commit(chosen.map(({ body }) => ({ do: 'append', page: pageOf([lineOf(body)], Date.now()) })));
        again.close();
        file.discard(chosen.map(({ seq }) => seq));
      }),
    discard: (ids) => eachChosen(ids, (file, chosen) => void file.discard(chosen.map(({ seq }) => seq))),
  };
}

function isInUse(path: string): boolean {
  const lock = lockSpool(path);
  lock?.release();
  return lock === undefined;
}
