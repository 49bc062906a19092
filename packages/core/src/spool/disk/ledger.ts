import { makeDurable, makePrivate, openSqlite, transaction } from '../../sqlite/database.js';

/** A stored receipt. */
export interface LedgerEntry {
  /** The event's `external_id`. */
  externalId: string;
  /** The server's id of the event. */
  receiptId: string;
  hash: string;
  isVerified: boolean;
  /** Time of the receipt, in milliseconds since 1970. */
  at: number;
  /** Instance of the seal, if the event is sealed. */
  instance?: string;
  sealSeq?: number;
}

/** The receipts of one instance. */
export interface Ledger {
  store(entries: readonly LedgerEntry[]): void;
  all(): Iterable<LedgerEntry>;
  close(): void;
}

/**
 * Opens a ledger, and creates it if it is missing.
 *
 * @param path the file
 * @param options `readOnly` to read the ledger of another process
 */
export function openLedger(path: string, options: { readOnly?: boolean } = {}): Ledger {
  if (!options.readOnly) makePrivate(path);
  const db = openSqlite(path);
  if (options.readOnly) {
    // The file is not opened as read-only: SQLite must be able to write to read a WAL file that a killed process left behind.
    db.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = ON');
  } else {
    db.exec('PRAGMA busy_timeout = 5000');
    makeDurable(db);
    db.exec(`CREATE TABLE IF NOT EXISTS receipts (external_id TEXT NOT NULL, receipt_id TEXT PRIMARY KEY, hash TEXT NOT NULL, verified INTEGER NOT NULL, at INTEGER NOT NULL,
        instance TEXT, seal_seq INTEGER) WITHOUT ROWID`);
  }
  const insert = options.readOnly ? undefined : db.prepare('INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?)');
  return {
    store(entries) {
      transaction(db, 'BEGIN IMMEDIATE', () => {
        for (const { externalId, receiptId, hash, isVerified, at, instance, sealSeq } of entries) {
          insert?.run(externalId, receiptId, hash, isVerified ? 1 : 0, at, instance ?? null, sealSeq ?? null);
        }
      });
    },
    *all() {
      if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'receipts'`).get() === undefined) return;
      const rows = db.prepare('SELECT * FROM receipts').iterate() as Iterable<Record<string, string | number>>;
      for (const row of rows) {
        yield {
          externalId: String(row['external_id']),
          receiptId: String(row['receipt_id']),
          hash: String(row['hash']),
          isVerified: row['verified'] === 1,
          at: Number(row['at']),
          ...(typeof row['instance'] === 'string' && { instance: row['instance'], sealSeq: Number(row['seal_seq']) }),
        };
      }
    },
    close() {
      if (!options.readOnly) db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}
