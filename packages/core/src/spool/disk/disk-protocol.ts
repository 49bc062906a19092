import type { AuditErrorCode } from '../../errors.js';
import type { CoalescedAttempts, SpoolSize } from '../spool.js';
import type { LedgerEntry } from './ledger.js';
import type { Synchronous } from '../../sqlite/database.js';
import type { SpoolChange, SpoolFile } from './spool-file.js';

/** The worker's start parameters. */
export interface DiskWorkerData {
  directory: string;
  destination: string;
  file: string;
  /** Path of the ledger; undefined if receipts are not stored. */
  ledger: string | undefined;
  maxBytes: number;
  synchronous: Synchronous;
}

/** A request that does not change the spool's events. */
export type DiskQuestion =
  | { ask: 'read'; after: number; limit: number; maxBytes: number }
  | { ask: 'coalesced'; before: number }
  | { ask: 'adopt' }
  | { ask: 'close' };

/** A message to the worker. The answer has the same number `n`. */
export type DiskRequest = { n: number } & ({ change: SpoolChange; receipts?: LedgerEntry[] } | DiskQuestion);

/** What the worker found when it opened the file or took over other spools. */
export interface DiskState {
  /** The increase of the file's size. */
  gained: SpoolSize;
  /** Number of events that were taken over from processes that have ended. */
  adopted: number;
  /** Names under which damaged files were set aside. */
  quarantined: string[];
  /** Number of events that wait for another address of the same project. */
  elsewhere: number;
}

/** The answers, by request. */
export interface DiskAnswers {
  read: ReturnType<SpoolFile['read']>;
  coalesced: CoalescedAttempts[];
  adopt: DiskState;
  close: { isEmpty: boolean };
}

/** An error in the form in which the worker sends it. */
export interface DiskFailure {
  code: AuditErrorCode;
  message: string;
}

/** A message from the worker: it is ready, it failed to start, or it answers requests. */
export type DiskReply =
  { ready: DiskState } | { failed: DiskFailure } | { answers: { n: number; result?: unknown; error?: DiskFailure }[] };
