import { sealOf } from '../event/seal.js';
import { eventIn } from '../spool/stored-event.js';
import { openSpoolFile } from '../spool/disk/spool-file.js';
import { ledgersIn, spoolsIn } from '../spool/disk/directory.js';
import { type LedgerEntry, openLedger } from '../spool/disk/ledger.js';
import type { LocalEvent } from './check-log.js';

/** Only writers enforce this bound. */
const ANY_SIZE = 1_073_741_824;

/**
 * Reads the events in a spool directory that wait or were set aside. Running applications are not disturbed.
 *
 * @param directory the spool directory
 * @param destination only events for this destination, as `destinationOf()` returns it
 */
export function localEventsIn(directory: string, destination: string): LocalEvent[] {
  return spoolsIn(directory, destination).flatMap((path) => {
    const file = openSpoolFile(path, { maxBytes: ANY_SIZE, mode: 'read' });
    try {
      const { rows, unreadable } = file.read(0, Number.MAX_SAFE_INTEGER);
      return [
        ...rows.map(({ body }) => localEvent(eventIn(body)!.external_id, body, false)),
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
 * @param destination only receipts of this destination, as `destinationOf()` returns it
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
