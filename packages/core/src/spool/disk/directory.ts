import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AuditError } from '../../errors.js';
import { makePrivate, openSqlite } from '../../sqlite/database.js';
import type { SqliteDatabase } from '../../sqlite/driver.js';
import { makePrivateDirectory } from './private-directory.js';

/** The files of a spool. Each process has its own, named by destination and instance. */
export interface SpoolPlace {
  directory: string;
  /** Id of the server and project that the events go to. A process only takes over spools with the same destination. */
  destination: string;
  /** The instance: a UUID, new at each start. */
  instance: string;
  file: string;
  ledger: string;
}

const SPOOL_NAME = /^spool-([\da-f]{8}-[\da-f]{8})-[\da-f-]{36}\.db$/;
const LEDGER_NAME = /^ledger-([\da-f]{8}-[\da-f]{8})-[\da-f-]{36}\.db$/;
const TMPFS_MAGIC = 0x01021994;

/**
 * Creates the spool directory, accessible to its owner only, and names the files of a new spool in it.
 *
 * @param directory the directory
 * @param destination of {@link destinationOf}
 * @param allowForeignOwner whether the directory may belong to another user
 * @throws AuditError `ERR_AUDIT_SPOOL` if the directory cannot be created or written, is a symbolic link, or belongs to another user
 */
export function takePlace(directory: string, destination: string, allowForeignOwner = false): SpoolPlace {
  try {
    makePrivateDirectory(directory, allowForeignOwner);
  } catch (thrown) {
    const why = thrown instanceof Error ? ((thrown as NodeJS.ErrnoException).code ?? thrown.message) : 'unknown';
    throw new AuditError(
      'ERR_AUDIT_SPOOL',
      `The spool directory ${directory} cannot be used (${why}); set spool.directory or AUDITLOG_SPOOL_DIR.`,
      { field: 'spool.directory' },
    );
  }
  return placeIn(directory, destination);
}

/**
 * Names the files of a new spool.
 *
 * @param directory the directory
 * @param destination of {@link destinationOf}
 */
export function placeIn(directory: string, destination: string): SpoolPlace {
  const instance = randomUUID();
  const name = (kind: string): string => join(directory, `${kind}-${destination}-${instance}.db`);
  return { directory, destination, instance, file: name('spool'), ledger: name('ledger') };
}

/**
 * Computes the id of a destination: 8 hex digits for the project and 8 for the address, whose upper case and last slash do not matter. It keeps an
 * application from publishing events that another one left for its own project, or for another log.
 *
 * @param connection the API's base address and the project
 */
export function destinationOf({ apiBase, project }: { apiBase: string; project: string }): string {
  const address = URL.canParse(apiBase) ? new URL(apiBase).href : apiBase;
  return `${digestOf(project)}-${digestOf(address.replace(/\/+$/, ''))}`;
}

/**
 * Whether two destinations are the same project, under any address.
 *
 * @param one of {@link destinationOf}
 * @param other of {@link destinationOf}
 */
export function isSameProject(one: string, other: string): boolean {
  return one.split('-')[0] === other.split('-')[0];
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/**
 * Whether a directory is on tmpfs, which is lost when the machine restarts.
 *
 * @param directory the directory
 */
export function isOnTmpfs(directory: string): boolean {
  try {
    return statfsSync(directory).type === TMPFS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Lists the spools in a directory, in use or not.
 *
 * @param directory the directory
 * @param destination only those of this destination
 * @returns paths
 */
export function spoolsIn(directory: string, destination?: string): string[] {
  return namesIn(directory, SPOOL_NAME, destination);
}

/**
 * Lists the ledgers in a directory.
 *
 * @param directory the directory
 * @param destination only those for there
 * @returns paths
 */
export function ledgersIn(directory: string, destination?: string): string[] {
  return namesIn(directory, LEDGER_NAME, destination);
}

function namesIn(directory: string, pattern: RegExp, destination: string | undefined): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .filter((entry) => destination === undefined || pattern.exec(entry.name)![1] === destination)
    .map((entry) => join(directory, entry.name))
    .sort();
}

/**
 * Reads the destination from the file name of a spool or a ledger.
 *
 * @param path of {@link spoolsIn} or {@link ledgersIn}
 */
export function destinationIn(path: string): string {
  const name = basename(path);
  return (SPOOL_NAME.exec(name) ?? LEDGER_NAME.exec(name))![1]!;
}

/** The lock of a spool. The operating system releases it when the process ends, even by a crash. */
export interface SpoolLock {
  release(): void;
}

/**
 * Takes the lock of a spool.
 *
 * @param file the spool's path
 * @returns undefined if a running process holds it
 */
export function lockSpool(file: string): SpoolLock | undefined {
  const path = `${file}-lock`;
  let db: SqliteDatabase | undefined;
  try {
    makePrivate(path);
    db = openSqlite(path);
    db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch {
    db?.close();
    return undefined;
  }
  const held = db;
  return {
    release() {
      // The lock file is removed before the lock is released. A process that has already opened the old lock file finds that the spool is gone.
      if (!existsSync(file)) rmSync(path, { force: true });
      held.close();
    },
  };
}

/**
 * Removes a spool's files.
 *
 * @param file the spool's path
 */
export function removeSpool(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-reserved']) rmSync(file + suffix, { force: true });
}
