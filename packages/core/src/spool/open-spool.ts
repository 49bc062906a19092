import { randomUUID } from 'node:crypto';
import { AuditError, isAuditError } from '../errors.js';
import { destinationOf, isOnTmpfs, takePlace } from './disk/directory.js';
import { type DiskSpool, openDiskSpool } from './disk/disk-spool.js';
import { memorySpool } from './memory-spool.js';
import { openingSpool } from './opening-spool.js';
import type { CoalescingSpool } from './spool.js';

/** What opening a spool needs of the settings. */
export interface OpenSpoolSettings {
  apiBase: string;
  project: string;
  spool: {
    kind: 'disk' | 'memory';
    directory: string;
    required: boolean;
    maxEvents: number;
    maxBytes: number;
    commitTimeout: number;
  };
  durability: 'after-response' | 'before-response';
  sealKey: object | undefined;
}

/** What a spool tells while it is opened and after. */
export interface OpenSpoolListener {
  /** The spool is open. */
  opened(): void;
  /** Events of processes that are gone were taken over. */
  adopted(events: number): void;
  /** Something is not as it should be, but nothing is lost by it. */
  warned(error: AuditError): void;
}

/** An open spool, or one that is being opened. */
export interface OpenSpool {
  spool: CoalescingSpool;
  /** The instance: a UUID, new at each start. */
  instance: string;
  kind(): 'disk' | 'memory' | 'opening';
  /** Whether a spool on disk was wanted and could not be had. */
  fellBack(): boolean;
}

/** How often it is looked for processes that are gone, in milliseconds. */
const ADOPTION_PERIOD = 60_000;

/**
 * Opens the spool that the settings ask for. A directory that cannot be used is an error if the spool is required, else a warning, and the spool is
 * in memory.
 *
 * @param settings what is asked for
 * @param listener is told what happens
 * @throws AuditError `ERR_AUDIT_SPOOL` when the directory of a required spool cannot be used
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
    listener.warned(
      new AuditError(
        'ERR_AUDIT_SPOOL',
        `${why} Events wait in memory, and are lost with the process.`,
      ),
    );
    setImmediate(listener.opened);
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
    place = takePlace(wanted.directory, destinationOf(settings));
  } catch (thrown) {
    return opened(fallBack(thrown));
  }
  if (isOnTmpfs(wanted.directory)) {
    const text = `The spool directory ${wanted.directory} is in memory (tmpfs): what waits there is lost when the machine restarts.`;
    listener.warned(new AuditError('ERR_AUDIT_SPOOL', text));
  }

  kind = 'opening';
  const opening = openDiskSpool(
    place,
    { ...wanted, ledger: sealKey !== undefined },
    {
      adopted: listener.adopted,
      damaged: (what) => listener.warned(new AuditError('ERR_AUDIT_SPOOL', `A spool was damaged: ${what}.`)),
    },
  ).then(
    (spool): CoalescingSpool => {
      kind = 'disk';
      // The first listener hears of it once the spool can be asked.
      setImmediate(listener.opened);
      return adopting(spool, listener);
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

/** Looks, once a minute, for spools that were left meanwhile. */
function adopting(spool: DiskSpool, listener: OpenSpoolListener): CoalescingSpool {
  const timer = setInterval(() => {
    spool.adopt().then(listener.opened, (thrown: unknown) => {
      if (isAuditError(thrown)) listener.warned(thrown);
    });
  }, ADOPTION_PERIOD);
  timer.unref();
  return {
    ...spool,
    close() {
      clearInterval(timer);
      return spool.close();
    },
  };
}

/** Where a spool on disk is required and cannot be had, nothing is taken. */
function brokenSpool(error: AuditError): CoalescingSpool {
  const memory = memorySpool({ maxEvents: 0, maxBytes: 0 });
  const refuse = (): Promise<never> => Promise.reject(error);
  return { ...memory, append: refuse, coalesce: refuse, replaceCoalesced: refuse };
}
