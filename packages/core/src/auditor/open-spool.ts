import { randomUUID } from 'node:crypto';
import { AuditError, isAuditError } from '../errors.js';
import { destinationOf, isOnTmpfs, takePlace } from '../spool/disk/directory.js';
import { openDiskSpool } from '../spool/disk/disk-spool.js';
import { memorySpool } from '../spool/memory-spool.js';
import { openingSpool } from '../spool/opening-spool.js';
import type { CoalescingSpool } from '../spool/spool.js';

/** The settings that decide which spool is opened. */
export interface OpenSpoolSettings {
  apiBase: string;
  project: string;
  spool: {
    kind: 'disk' | 'memory';
    directory: string;
    required: boolean;
    allowForeignOwner: boolean;
    maxEvents: number;
    maxBytes: number;
    commitTimeout: number;
  };
  durability: 'after-response' | 'before-response';
  sealKey: object | undefined;
}

/** Called while a spool is being opened and afterwards. */
export interface OpenSpoolListener {
  /** The spool is open. */
  opened(): void;
  /** Events were taken over from processes that have ended. */
  adopted(events: number): void;
  /** This number of events waits for another address of the project. */
  elsewhere(events: number): void;
  /** Reports a problem that loses no event. */
  warned(error: AuditError): void;
}

/** A spool that is open or being opened. */
export interface OpenSpool {
  spool: CoalescingSpool;
  /** The instance: a UUID, new at each start. */
  instance: string;
  kind(): 'disk' | 'memory' | 'opening';
  /** Whether the spool is in memory because a spool on disk could not be opened. */
  fellBack(): boolean;
}

/** How often the directory is searched for spools of processes that have ended, in milliseconds. */
const ADOPTION_PERIOD = 60_000;

/**
 * Opens the spool that the settings ask for. If its directory cannot be used, a required spool throws; any other falls back to memory, with a
 * warning.
 *
 * @param settings the auditor's settings
 * @param listener called while the spool is opened
 * @throws AuditError `ERR_AUDIT_SPOOL` if the directory of a required spool cannot be used
 */
export function openSpool(settings: OpenSpoolSettings, listener: OpenSpoolListener): OpenSpool {
  const { spool: wanted, durability, sealKey } = settings;
  const isRequired = wanted.required || durability === 'before-response';
  let kind: 'disk' | 'memory' | 'opening' = 'memory';
  let hasFallenBack = false;

  function fallBack(thrown: unknown): CoalescingSpool {
    if (isRequired) throw thrown;
    hasFallenBack = true;
    kind = 'memory';
    const why = thrown instanceof Error ? thrown.message : 'unknown';
    listener.warned(new AuditError('ERR_AUDIT_SPOOL', `${why} Events wait in memory, and are lost with the process.`));
    setImmediate(() => listener.opened());
    return memorySpool(wanted);
  }

  const opened = (spool: CoalescingSpool, instance: string = randomUUID()): OpenSpool => ({
    spool,
    instance,
    kind: () => kind,
    fellBack: () => hasFallenBack,
  });
  if (wanted.kind === 'memory') return opened(memorySpool(wanted));
  let place: ReturnType<typeof takePlace>;
  try {
    place = takePlace(wanted.directory, destinationOf(settings), wanted.allowForeignOwner);
  } catch (thrown) {
    return opened(fallBack(thrown));
  }
  if (isOnTmpfs(wanted.directory)) {
    const text = `The spool directory ${wanted.directory} is in memory (tmpfs): events that wait there are lost when the machine restarts.`;
    listener.warned(new AuditError('ERR_AUDIT_SPOOL', text));
  }

  kind = 'opening';
  const opening = openDiskSpool(
    place,
    { ...wanted, ledger: sealKey !== undefined },
    {
      adopted: (events) => listener.adopted(events),
      elsewhere: (events) => listener.elsewhere(events),
      damaged: (what) => listener.warned(new AuditError('ERR_AUDIT_SPOOL', `A spool was damaged: ${what}.`)),
    },
  ).then(
    (spool): CoalescingSpool => {
      kind = 'disk';
      // The listener is called later, when the caller has the spool.
      setImmediate(() => listener.opened());
      spool.adoptEvery(
        ADOPTION_PERIOD,
        () => listener.opened(),
        (thrown) => {
          if (isAuditError(thrown)) listener.warned(thrown);
        },
      );
      return spool;
    },
    (thrown: unknown) => {
      try {
        return fallBack(thrown);
      } catch {
        const error = isAuditError(thrown) ? thrown : new AuditError('ERR_AUDIT_SPOOL', 'The spool could not be opened.');
        listener.warned(error);
        return brokenSpool(error);
      }
    },
  );
  return opened(openingSpool(opening), place.instance);
}

/** Stands in for a required spool on disk that could not be opened: it refuses every event. */
function brokenSpool(error: AuditError): CoalescingSpool {
  const memory = memorySpool({ maxEvents: 0, maxBytes: 0 });
  const refuse = (): Promise<never> => Promise.reject(error);
  return { ...memory, append: refuse, coalesce: refuse, replaceCoalesced: refuse };
}
