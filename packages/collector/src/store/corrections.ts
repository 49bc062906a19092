import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';
import type { EventFacts } from './facts.js';

/** Ensures that a corrected event and its correction count as one attempt, whichever of them arrives first. */
export interface Corrections {
  /**
   * Subtracts an attempt from the event that a new event corrects. It must be called before the new event is stored.
   *
   * @returns the facts to store, with one attempt less if the new event is already corrected
   */
  apply(project: string, event: AuditEvent, facts: EventFacts): EventFacts;
}

/**
 * Creates the corrections of a database.
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
      // If a correction is delivered twice, only the first one subtracts the attempt.
      if (corrects !== undefined && !isCorrected(project, corrects)) discount.run(project, corrects);
      return typeof id === 'string' && isCorrected(project, id) ? { ...facts, attempts: facts.attempts - 1 } : facts;
    },
  };
}
