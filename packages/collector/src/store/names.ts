import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';

/** Stores the names of actors, groups and targets. Each id has the name that its last event gave (Publisher API, "What can be read back"). */
export interface NameKeeper {
  keep(project: string, event: AuditEvent): void;
  /** Forgets the cached names. It must be called after a rollback. */
  forget(): void;
}

const MAX_CACHED = 20_000;

/**
 * Creates a name keeper.
 *
 * @param db the database, with its tables
 */
export function nameKeeper(db: SqliteDatabase): NameKeeper {
  const insert = db.prepare(
    'INSERT INTO names (project, kind, id, name) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name',
  );
  /** Most names occur often, so only new or changed names are written to the database. */
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
