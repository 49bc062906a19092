import { createHash, randomUUID } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AuditError } from '../../errors.js';
import { makePrivate, openSqlite } from './sqlite/database.js';
import type { SqliteDatabase } from './sqlite/driver.js';

/** Where a spool keeps its files: one per process, named by where its events go and by its instance. */
export interface SpoolPlace {
  directory: string;
  /** Where its events go: spools for elsewhere are left alone. */
  destination: string;
  /** The instance: a UUID, new at each start. */
  instance: string;
  file: string;
  ledger: string;
}

const SPOOL_NAME = /^spool-([\da-f]{8})-[\da-f-]{36}\.db$/;
const LEDGER_NAME = /^ledger-([\da-f]{8})-[\da-f-]{36}\.db$/;
const TMPFS_MAGIC = 0x01021994;

/**
 * Makes the directory of the spools, for its owner only, and a place in it.
 *
 * @param directory the directory
 * @param destination of {@link destinationOf}
 * @throws AuditError `ERR_AUDIT_SPOOL` when it cannot be made or written, or is a symbolic link
 */
export function takePlace(directory: string, destination: string): SpoolPlace {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (lstatSync(directory).isSymbolicLink()) throw new Error('it is a symbolic link');
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    // The directory may hold a place of somebody else's making: others may not look into it from now on.
    chmodSync(directory, 0o700);
  } catch (thrown) {
    const why = thrown instanceof Error ? ((thrown as NodeJS.ErrnoException).code ?? thrown.message) : 'unknown';
    throw new AuditError('ERR_AUDIT_SPOOL', `The spool directory ${directory} cannot be used (${why}); set spool.directory or AUDITLOG_SPOOL_DIR.`, { field: 'spool.directory' });
  }
  return placeIn(directory, destination);
}

/**
 * A new place in a directory.
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
 * Names where events go, in 8 hex digits, so that one application never sends what another has left for its own project.
 *
 * @param connection the API's base address and the project
 */
export function destinationOf({ apiBase, project }: { apiBase: string; project: string }): string {
  return createHash('sha256').update(`${apiBase}\n${project}`).digest('hex').slice(0, 8);
}

/**
 * Whether what is in a directory is gone when the machine restarts.
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
 * The spools in a directory, running or not.
 *
 * @param directory the directory
 * @param destination only those for there
 * @returns paths
 */
export function spoolsIn(directory: string, destination?: string): string[] {
  return namesIn(directory, SPOOL_NAME, destination);
}

/**
 * The ledgers in a directory.
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
 * Where the events of a spool go.
 *
 * @param path of {@link spoolsIn}
 */
export function destinationIn(path: string): string {
  return SPOOL_NAME.exec(basename(path))![1]!;
}

/** The lock of a spool, held while its process lives: the operating system lets go of it when the process is gone, however it went. */
export interface SpoolLock {
  release(): void;
}

/**
 * Takes the lock of a spool.
 *
 * @param file the spool's path
 * @returns undefined when a living process holds it
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
      // While it is still held: who has opened the old file by now finds the spool itself gone, or takes it anew.
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
