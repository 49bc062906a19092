import type { AuditEvent } from '@auditlogin/core';
import type { SqliteDatabase } from '@auditlogin/core/engine';
import { facetTerms, targetTerms } from './facet-terms.js';
import type { EventFacts } from './facts.js';
import { lexemesOf } from './lexemes.js';
import { type KnownParties, PARTIES } from './party-records.js';

/** The full-text index over the events. */
export interface WordIndex {
  /**
   * @param seq position of the event
   * @param event the event as it was sent
   * @param facts its facts
   * @param known what the log knows about its actor, group and target, by which it is found, too
   */
  add(seq: number | bigint, event: AuditEvent, facts: EventFacts, known: KnownParties): void;
}

/**
 * Creates the full-text index of a database.
 *
 * @param db the database, with its tables
 */
export function wordIndex(db: SqliteDatabase): WordIndex {
  const insert = db.prepare(
    'INSERT INTO words (rowid, facets, everything, actor_name, target_name, description) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return {
    add(seq, event, { facets }, known) {
      insert.run(
        seq,
        `${facetTerms(facets)} ${targetTerms(event.target?.id, known.target?.type)}`,
        indexed(textOf(withKnown(event, known))),
        indexed(known.actor?.name ?? ''),
        indexed(known.target?.name ?? ''),
        indexed(typeof event.description === 'string' ? event.description : ''),
      );
    },
  };
}

function indexed(text: string): string {
  return lexemesOf(text).join(' ');
}

function withKnown(event: AuditEvent, known: KnownParties): AuditEvent {
  const whole: Record<string, unknown> = { ...event };
  for (const kind of PARTIES) if (known[kind]) whole[kind] = { ...event[kind], ...known[kind] };
  return whole as unknown as AuditEvent;
}

/** Every string in an event, without the keys and without `created`, which has a field of its own. */
function textOf({ created: _created, ...event }: AuditEvent): string {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(event);
  return texts.join('\n');
}
