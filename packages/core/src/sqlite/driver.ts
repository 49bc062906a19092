import { createRequire } from 'node:module';
import place from './require-path.cjs';

/** A value that SQLite can store. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/** A prepared statement. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  /** The first row; undefined if there is none. */
  get(...values: SqliteValue[]): unknown;
  all(...values: SqliteValue[]): unknown[];
  iterate(...values: SqliteValue[]): Iterable<unknown>;
}

/**
 * A database. Every function blocks. Keep a reference to it while its statements are in use: `@photostructure/sqlite` closes a database when it is
 * garbage-collected.
 */
export interface SqliteDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** The common part of `node:sqlite` and `@photostructure/sqlite` that is used here. */
export interface SqliteDriver {
  DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => SqliteDatabase;
  backup(
    source: SqliteDatabase,
    path: string,
    options: { rate: number; progress?: (state: { totalPages: number; remainingPages: number }) => void },
  ): Promise<unknown>;
}

/** The first release of Node whose `node:sqlite` is used. Before, it is missing (Node 20) or experimental (Node 22). */
const BUILT_IN_FROM = 24;
const FALLBACK = '@auditlogin/sqlite-node20';

let loaded: SqliteDriver | undefined;

/**
 * Loads SQLite on the first call: `node:sqlite` on Node 24 and later, `@photostructure/sqlite` before. A process that opens no database loads no
 * native code.
 *
 * @throws Error if neither can be loaded
 */
export function sqliteDriver(): SqliteDriver {
  return (loaded ??= builtIn() ?? fallback());
}

function builtIn(): SqliteDriver | undefined {
  if (Number.parseInt(process.versions.node, 10) < BUILT_IN_FROM) return undefined;
  const { emitWarning } = process;
  // Suppresses the warning of early Node 24 releases that SQLite is experimental, which an operator cannot act on.
  process.emitWarning = (warning: string | Error, ...more: unknown[]) => {
    if (more[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...more]);
  };
  try {
    return process.getBuiltinModule('node:sqlite') as SqliteDriver | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function fallback(): SqliteDriver {
  try {
    // `createRequire` hides the import from bundlers, which would bundle the native code or fail if it is missing.
    return createRequire(place.requirePath)(FALLBACK) as SqliteDriver;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const why = code === 'MODULE_NOT_FOUND' ? 'it is not installed' : thrown instanceof Error ? thrown.message : 'unknown';
    throw new Error(
      `Node ${process.versions.node} needs the optional dependency ${FALLBACK} for SQLite, which could not be loaded (${why}); install it, or use Node ${BUILT_IN_FROM}`,
      { cause: thrown },
    );
  }
}
