import { sealOf } from '../event/seal.js';
import { eventIn } from '../spool/stored-event.js';
import { openSpoolFile } from '../spool/disk/spool-file.js';
import { ledgersIn, spoolsIn } from '../spool/disk/directory.js';
import { type LedgerEntry, openLedger } from '../spool/disk/ledger.js';
import type { LocalEvent } from './check-log.js';

/** The bound does not matter to a reader. */
const ANY_SIZE = 1_073_741_824;

/**
 * What the applications of a spool directory still have: events that wait, and events that were set aside. Running applications are not disturbed.
 *
 * @param directory the spool directory
 * @param destination of destinationOf(): only what is for there
 */
export function localEventsIn(directory: string, destination: string): LocalEvent[] {
  return spoolsIn(directory, destination).flatMap((path) => {
    const file = openSpoolFile(path, { maxBytes: ANY_SIZE, mode: 'read' });
    try {
      const { rows, unreadable } = file.read(0, Number.MAX_SAFE_INTEGER);
      return [
        ...rows.map(({ body }) => localEvent(eventIn(body)!.external_id, body, false)),
        // The next process that takes the spool sets these aside.
        ...[...unreadable, ...file.deadLetters()].map(({ id, body }) => localEvent(id, body, true)),
      ];
    } finally {
      file.close();
    }
  });
}

/**
 * The receipts that the applications of a spool directory have kept.
 *
 * @param directory the spool directory
 * @param destination of destinationOf(): only those from there
 */
export function localReceiptsIn(directory: string, destination: string): LedgerEntry[] {
  return ledgersIn(directory, destination).flatMap((path) => {
    const ledger = openLedger(path, { readOnly: true });
    try {
      return [...ledger.all()];
    } finally {
      ledger.close();
    }
  });
}

function localEvent(externalId: string, body: string, isSetAside: boolean): LocalEvent {
  const event = eventIn(body);
  const seal = event && sealOf(event);
  return { externalId, isSetAside, instance: seal?.instance, seq: seal?.seq };
}
