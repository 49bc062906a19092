import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';

/** The names of actors, groups and targets. For each id one name is held, that of the last event (Publisher API, "What can be read back"). */
export interface NameKeeper {
  keep(project: string, event: AuditEvent): void;
  /** Forgets what was written since the last commit. To be called after a rollback. */
  forget(): void;
}

const MAX_CACHED = 20_000;

/**
 * Keeps the names that events bring.
 *
 * @param db the database, with its tables
 */
export function nameKeeper(db: SqliteDatabase): NameKeeper {
  const insert = db.prepare(
    'INSERT INTO names (project, kind, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name',
  );
  /** Most names come again and again: the database is asked only for those that are new or changed. */
  const cached = new Map<string, string>();

  return {
    keep(project, event) {
      for (const kind of ['actor', 'group', 'target'] as const) {
        const { id, name } = event[kind] ?? {};
        if (!id || !name) continue;
        const key = `${project}\0${kind}\0${id}`;
        if (cached.get(key) === name) continue;
        if (cached.size >= MAX_CACHED) cached.clear();
        cached.set(key, name);
        insert.run(project, kind, id, name);
      }
    },
    forget: () => cached.clear(),
  };
}
