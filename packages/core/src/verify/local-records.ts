import { sealOf } from '../event/seal.js';
import { eventIn, idIn } from '../spool/stored-event.js';
import { openSpoolFile } from '../spool/disk/spool-file.js';
import { destinationIn, isSameProject, ledgersIn, spoolsIn } from '../spool/disk/directory.js';
import { type LedgerEntry, openLedger } from '../spool/disk/ledger.js';
import type { ReadBackEvent } from '../retraced/read-back.js';
import type { LocalEvent } from './check-log.js';

/** Only writers enforce this bound. */
const ANY_SIZE = 1_073_741_824;

/** Records of this machine, by the destination that their files are named by. */
export type ByDestination<T> = ReadonlyMap<string, readonly T[]>;

/**
 * Reads the events in a spool directory that wait or were set aside. Running applications are not disturbed.
 *
 * @param directory the spool directory
 */
export function localEventsIn(directory: string): ByDestination<LocalEvent> {
  return byDestination(spoolsIn(directory), (path) => {
    const file = openSpoolFile(path, { maxBytes: ANY_SIZE, mode: 'read' });
    try {
      const { rows, unreadable } = file.read(0, Number.MAX_SAFE_INTEGER);
      return [
        ...rows.map(({ seq, body }) => localEvent(idIn(body, seq), body, eventIn(body) === undefined)),
        // Unreadable events count as set aside: the next process that opens the spool sets them aside.
        ...[...unreadable, ...file.deadLetters()].map(({ id, body }) => localEvent(id, body, true)),
      ];
    } finally {
      file.close();
    }
  });
}

/**
 * Reads the receipts in the ledgers of a spool directory.
 *
 * @param directory the spool directory
 */
export function localReceiptsIn(directory: string): ByDestination<LedgerEntry> {
  return byDestination(ledgersIn(directory), (path) => {
    const ledger = openLedger(path, { readOnly: true });
    try {
      return [...ledger.all()];
    } finally {
      ledger.close();
    }
  });
}

/** The records of one log, and the number of receipts that belong to other logs, or to addresses that nothing connects with this one. */
export interface LogRecords {
  receipts: LedgerEntry[];
  pending: LocalEvent[];
  unrelated: number;
}

/**
 * Chooses the records that belong to a log: those of the same project, since an address has many spellings, and those of a destination with a receipt
 * whose event is in the log, or with waiting events of an instance in the log.
 *
 * @param events the log
 * @param destination the destination of the address that the log was read from, as `destinationOf()` returns it
 * @param receipts of {@link localReceiptsIn}
 * @param pending of {@link localEventsIn}
 */
export function recordsOf(
  events: readonly ReadBackEvent[],
  destination: string,
  receipts: ByDestination<LedgerEntry>,
  pending: ByDestination<LocalEvent>,
): LogRecords {
  const ids = new Set(events.map(({ id }) => id));
  const instances = new Set(events.map(({ event }) => sealOf(event)?.instance).filter((instance) => instance !== undefined));
  const own = new Set([...receipts.keys(), ...pending.keys()].filter((name) => isSameProject(name, destination)));
  for (const [name, entries] of receipts) if (entries.some(({ receiptId }) => ids.has(receiptId))) own.add(name);
  for (const [name, waiting] of pending)
    if (waiting.some(({ instance }) => instance !== undefined && instances.has(instance))) own.add(name);
  const belonging = <T>(records: ByDestination<T>): T[] => [...own].flatMap((name) => records.get(name) ?? []);
  const unrelated = [...receipts].filter(([name]) => !own.has(name)).reduce((sum, [, entries]) => sum + entries.length, 0);
  return { receipts: belonging(receipts), pending: belonging(pending), unrelated };
}

function byDestination<T>(paths: readonly string[], read: (path: string) => T[]): ByDestination<T> {
  const found = new Map<string, T[]>();
  for (const path of paths) {
    const name = destinationIn(path);
    const records = found.get(name) ?? [];
    // A ledger may be too long for the arguments of one call.
    for (const record of read(path)) records.push(record);
    found.set(name, records);
  }
  return found;
}

function localEvent(externalId: string, body: string, isSetAside: boolean): LocalEvent {
  const event = eventIn(body);
  const seal = event && sealOf(event);
  return { externalId, isSetAside, instance: seal?.instance, seq: seal?.seq };
}
