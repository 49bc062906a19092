import { existsSync, renameSync } from 'node:fs';
import { intactLines } from './event-page.js';
import { openSqlite } from '../../sqlite/database.js';
import type { SqliteDatabase } from '../../sqlite/driver.js';

/**
 * Renames a damaged file and its companions.
 *
 * @param path the file
 * @returns the new path
 */
export function quarantine(path: string): string {
  const name = `${path}.damaged-${Date.now()}`;
  renameSync(path, name);
  for (const suffix of ['-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, name + suffix);
  return name;
}

/**
 * Reads the intact events of a damaged file, page by page. A page that cannot be read is skipped.
 *
 * @param damaged the file
 */
export function* recovered(damaged: string): Iterable<{ bodies: string[]; queuedAt: number }> {
  let db: SqliteDatabase;
  try {
    db = openSqlite(damaged, { readOnly: true });
  } catch {
    return;
  }
  try {
    const { last } = db.prepare('SELECT max(first) AS last FROM pages').get() as { last: number | null };
    const one = db.prepare('SELECT lines, crcs, queued_at FROM pages WHERE first = ?');
    for (let first = 1; first <= (last ?? 0); first += 1) {
      try {
        const page = one.get(first) as { lines: string; crcs: Uint8Array; queued_at: number } | undefined;
        const bodies = page ? intactLines(page).filter((body) => body !== undefined) : [];
        if (bodies.length > 0) yield { bodies, queuedAt: page!.queued_at };
      } catch {
        continue;
      }
    }
  } catch {
    // The table cannot be read at all. The damaged file stays for a forensic analysis.
  } finally {
    db.close();
  }
}
