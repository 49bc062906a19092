import type { AuditEvent } from '@auditlogin/core';
import type { StringMap } from '@auditlogin/core/log';
import type { SqliteDatabase } from '@auditlogin/core/engine';

/** The parts of an event that the log keeps a record of, by id. */
export const PARTIES = ['actor', 'group', 'target'] as const;
type PartyKind = (typeof PARTIES)[number];

/** What the log knows about an actor, a group or a target. */
export interface PartyRecord {
  name?: string | undefined;
  type?: string | undefined;
  fields?: StringMap | undefined;
}

/** What the log knows about the actor, the group and the target of an event. */
export type KnownParties = Partial<Record<PartyKind, PartyRecord>>;

/**
 * The records of actors, groups and targets. Each has what the last event gave that said anything about it (Publisher API, "What can be read back"). The
 * events of a group see only what events of this group said, because the same id may be somebody else in another group. Events without a group see what any
 * event of the project said.
 */
export interface PartyRecords {
  /** Stores what an event says. @returns what is known about its parties now */
  keep(project: string, event: AuditEvent): KnownParties;
  /** Forgets the cached records. It must be called after a rollback. */
  forget(): void;
}

const MAX_CACHED = 20_000;

/**
 * Creates the records of a database.
 *
 * @param db the database, with its tables
 */
export function partyRecords(db: SqliteDatabase): PartyRecords {
  const write = db.prepare('INSERT OR REPLACE INTO parties (project, scope, kind, id, record) VALUES (?, ?, ?, ?, ?)');
  const read = db.prepare('SELECT record FROM parties WHERE project = ? AND scope = ? AND kind = ? AND id = ?');
  /** Most records occur often, so only new or changed ones are written to the database. */
  const cached = new Map<string, string>();

  function current(place: readonly [string, string, string, string]): string {
    const key = JSON.stringify(place);
    const found = cached.get(key) ?? (read.get(...place) as { record: string } | undefined)?.record ?? '{}';
    if (cached.size >= MAX_CACHED) cached.clear();
    cached.set(key, found);
    return found;
  }

  function merge(project: string, scope: string, kind: PartyKind, event: AuditEvent): PartyRecord {
    const { id, name, type, fields } = event[kind] as { id: string } & PartyRecord;
    const place = [project, scope, kind, id] as const;
    const before = current(place);
    const record: PartyRecord = { ...(JSON.parse(before) as PartyRecord), ...given({ name, type, fields }) };
    const after = JSON.stringify(record);
    if (after !== before) {
      cached.set(JSON.stringify(place), after);
      write.run(...place, after);
    }
    return record;
  }

  return {
    keep(project, event) {
      const scope = scopeOf(event);
      const known: KnownParties = {};
      for (const kind of PARTIES) {
        if (!isText(event[kind]?.id)) continue;
        known[kind] = merge(project, '', kind, event);
        if (scope !== '') known[kind] = merge(project, scope, kind, event);
      }
      return known;
    },
    forget: () => cached.clear(),
  };
}

/**
 * The events that share the records of an event: those of its group; an empty text for an event without a group.
 *
 * @param event the event
 */
function scopeOf({ group }: AuditEvent): string {
  return isText(group?.id) ? group.id : '';
}

function given({ name, type, fields }: PartyRecord): PartyRecord {
  return {
    ...(isText(name) && { name }),
    ...(isText(type) && { type }),
    ...(typeof fields === 'object' && fields !== null && { fields }),
  };
}

/** In some places the server accepts values of other types, which are treated as absent. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
