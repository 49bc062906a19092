import type { AuditErrorCode } from '../../errors.js';
import type { CoalescedFailures } from '../spool.js';
import type { LedgerEntry } from './ledger.js';
import type { Synchronous } from './sqlite/database.js';
import type { SpoolChange, SpoolFile, SpoolFileSize } from './spool-file.js';

/** How the worker is started. */
export interface DiskWorkerData {
  directory: string;
  destination: string;
  file: string;
  /** Undefined when no ledger is kept. */
  ledger: string | undefined;
  maxBytes: number;
  synchronous: Synchronous;
}

/** What the worker is asked beside changes. */
export type DiskQuestion =
  | { ask: 'read'; after: number; limit: number; maxBytes: number }
  | { ask: 'coalesced'; before: number }
  | { ask: 'adopt' }
  | { ask: 'close' };

/** What the worker is sent: each with a number under which it is answered. */
export type DiskRequest = { n: number } & ({ change: SpoolChange; receipts?: LedgerEntry[] } | DiskQuestion);

/** What the worker found when it opened the file, or after it took over other spools. */
export interface DiskState {
  /** By how much the file holds more than before. */
  gained: SpoolFileSize;
  /** How many events were taken over from processes that are gone. */
  adopted: number;
  /** The names of files that were damaged and put aside. */
  quarantined: string[];
}

/** What is answered, by question. */
export interface DiskAnswers {
  read: ReturnType<SpoolFile['read']>;
  coalesced: CoalescedFailures[];
  adopt: DiskState;
  close: { isEmpty: boolean };
}

/** An error, as it crosses from the worker. */
export interface DiskFailure {
  code: AuditErrorCode;
  message: string;
}

/** What the worker sends: that it is ready, or the answers of one commit. */
export type DiskReply =
  { ready: DiskState } | { failed: DiskFailure } | { answers: { n: number; result?: unknown; error?: DiskFailure }[] };
