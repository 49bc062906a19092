import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';
import type { EventFacts } from './facts.js';

/** Keeps a corrected event from counting beside the event that corrects it, whichever of them arrives first. */
export interface Corrections {
  /**
   * Is called before an event is stored: the event that it corrects loses an attempt.
   *
   * @returns the facts to store, with one attempt less if the event was corrected already
   */
  apply(project: string, event: AuditEvent, facts: EventFacts): EventFacts;
}

/**
 * The corrections in a database.
 *
 * @param db the database, with its tables
 */
export function corrections(db: SqliteDatabase): Corrections {
  const find = db.prepare('SELECT 1 FROM events WHERE project = ? AND corrects = ? LIMIT 1');
  const discount = db.prepare('UPDATE events SET attempts = attempts - 1 WHERE project = ? AND external_id = ? AND attempts > 0');
  const isCorrected = (project: string, id: string): boolean => find.get(project, id) !== undefined;

  return {
    apply(project, { external_id: id }, facts) {
      const { corrects } = facts;
      // A correction that was delivered twice takes the attempt once.
      if (corrects !== undefined && !isCorrected(project, corrects)) discount.run(project, corrects);
      return typeof id === 'string' && isCorrected(project, id) ? { ...facts, attempts: facts.attempts - 1 } : facts;
    },
  };
}
