import { createRequire } from 'node:module';
import workerFile from '../worker-path.cjs';

/** A value that SQLite keeps. */
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
 * A database. Every function blocks. Keep a reference to it for as long as its statements are used: `@photostructure/sqlite` closes it when it is collected.
 */
export interface SqliteDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/** What `node:sqlite` and `@photostructure/sqlite` have in common, as far as it is used here. */
export interface SqliteDriver {
  DatabaseSync: new (path: string, options?: { readOnly?: boolean }) => SqliteDatabase;
  backup(
    source: SqliteDatabase,
    path: string,
    options: { rate: number; progress?: (state: { totalPages: number; remainingPages: number }) => void },
  ): Promise<unknown>;
}

/** From this release on `node:sqlite` is used. Before, it is missing (Node 20) or experimental (Node 22). */
const BUILT_IN_FROM = 24;
const FALLBACK = '@auditlogin/sqlite-node20';

let loaded: SqliteDriver | undefined;

/**
 * SQLite: `node:sqlite` on Node 24 and later, `@photostructure/sqlite` before. Loaded when it is first asked for, so that what opens no database loads no native code.
 *
 * @throws Error when neither can be loaded
 */
export function sqliteDriver(): SqliteDriver {
  return (loaded ??= builtIn() ?? fallback());
}

function builtIn(): SqliteDriver | undefined {
  if (Number.parseInt(process.versions.node, 10) < BUILT_IN_FROM) return undefined;
  const { emitWarning } = process;
  // Early releases of Node 24 say here that SQLite is experimental, which whoever reads it can do nothing about.
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
    // By a name that no bundler follows: it would put native code, or its absence, into every bundle.
    return createRequire(workerFile.home)(FALLBACK) as SqliteDriver;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const why = code === 'MODULE_NOT_FOUND' ? 'it is not installed' : thrown instanceof Error ? thrown.message : 'unknown';
    throw new Error(
      `Node ${process.versions.node} needs the optional dependency ${FALLBACK} for SQLite, which could not be loaded (${why}); install it, or use Node ${BUILT_IN_FROM}`,
      { cause: thrown },
    );
  }
}
