import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';
import { facetTerms } from './facet-terms.js';
import type { EventFacts } from './facts.js';
import { textOf } from './search.js';

/** The full-text index over the events. */
export interface WordIndex {
  add(seq: number | bigint, event: AuditEvent, facts: EventFacts): void;
}

/**
 * Creates the full-text index of a database.
 *
 * @param db the database, with its tables
 */
export function wordIndex(db: SqliteDatabase): WordIndex {
  const insert = db.prepare('INSERT INTO words (rowid, facets, everything, actor_name, description) VALUES (?, ?, ?, ?, ?)');
  return {
    add(seq, event, { facets }) {
      insert.run(seq, facetTerms(facets), textOf(event), event.actor?.name ?? null, event.description ?? null);
    },
  };
}
