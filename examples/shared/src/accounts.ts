import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { DatabaseSync } from '@photostructure/sqlite';

/** An account of the application. */
export interface Account {
  id: string;
  username: string;
  displayName: string;
  /** The tenant of the account; some accounts have none. */
  tenant?: { id: string; name: string };
  isLocked: boolean;
}

/** The result of a login. */
export type LoginResult =
  { account: Account } | { reason: 'user_not_found' } | { reason: 'wrong_password' | 'account_locked'; known: Account };

/** The accounts of the application. */
export interface Accounts {
  add(account: Account, password: string): Promise<void>;
  byId(id: string): Account | undefined;
  byName(username: string): Account | undefined;
  /** Checks a password. It takes the same time whether the account exists or not. */
  login(username: string, password: string): Promise<LoginResult>;
  setPassword(id: string, password: string): Promise<void>;
  close(): void;
}

const derive = promisify<string, Buffer, number, { N: number; maxmem: number }, Buffer>(scrypt);
const COST = { N: 2 ** 15, maxmem: 64 * 1024 * 1024 };

/**
 * Opens the accounts.
 *
 * @param file the database, or `:memory:`
 */
export function openAccounts(file: string): Accounts {
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, username TEXT UNIQUE, profile TEXT, salt BLOB, hash BLOB)');
  const insert = db.prepare('INSERT OR REPLACE INTO accounts (id, username, profile, salt, hash) VALUES (?, ?, ?, ?, ?)');
  const byName = db.prepare('SELECT profile, salt, hash FROM accounts WHERE username = ?');
  const byId = db.prepare('SELECT profile FROM accounts WHERE id = ?');
  const update = db.prepare('UPDATE accounts SET salt = ?, hash = ? WHERE id = ?');
  const nobody = { salt: randomBytes(16), hash: randomBytes(32), profile: undefined };

  return {
    async add(account, password) {
      const salt = randomBytes(16);
      insert.run(account.id, account.username, JSON.stringify(account), salt, await derive(password, salt, 32, COST));
    },
    byId(id) {
      const row = byId.get(id) as { profile: string } | undefined;
      return row && (JSON.parse(row.profile) as Account);
    },
    byName(username) {
      const row = byName.get(username) as { profile: string } | undefined;
      return row && (JSON.parse(row.profile) as Account);
    },
    async login(username, password) {
      const row = (byName.get(username) as { profile: string; salt: Uint8Array; hash: Uint8Array } | undefined) ?? nobody;
      const matches = timingSafeEqual(await derive(password, Buffer.from(row.salt), 32, COST), row.hash);
      if (row.profile === undefined) return { reason: 'user_not_found' };
      const known = JSON.parse(row.profile) as Account;
      if (!matches) return { reason: 'wrong_password', known };
      return known.isLocked ? { reason: 'account_locked', known } : { account: known };
    },
    async setPassword(id, password) {
      const salt = randomBytes(16);
      update.run(salt, await derive(password, salt, 32, COST), id);
    },
    // This also keeps a reference to the database. Its statements have none, and a database that is garbage-collected is closed.
    close: () => db.close(),
  };
}

const DEMO: Account[] = [
  { id: 'u-1', username: 'ann', displayName: 'Ann Arbor', tenant: { id: 'acme', name: 'Acme Inc.' }, isLocked: false },
  { id: 'u-2', username: 'bo', displayName: 'Bo Globe', tenant: { id: 'globex', name: 'Globex' }, isLocked: false },
  { id: 'u-3', username: 'leo', displayName: 'Leo Locked', tenant: { id: 'acme', name: 'Acme Inc.' }, isLocked: true },
  { id: 'u-4', username: 'ida', displayName: 'Ida Independent', isLocked: false },
];

/** Opens accounts in memory, with four people whose password is `correct horse`. */
export async function demoAccounts(): Promise<Accounts> {
  const accounts = openAccounts(':memory:');
  for (const account of DEMO) await accounts.add(account, 'correct horse');
  return accounts;
}
