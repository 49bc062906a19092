import type { AuditEvent } from '@auditlogin/core';
import { attemptsIn, correctionIn, FACET_NAMES, FACETS } from '@auditlogin/core/log';
import type { FacetValues } from './facet-terms.js';

/** What is read out of an event once, when it is stored, to filter and count by. */
export interface EventFacts {
  facets: FacetValues;
  /** How many attempts the event stands for. */
  attempts: number;
  /** The `external_id` of the event that it corrects. */
  corrects: string | undefined;
}

/**
 * Reads the facts of an event.
 *
 * @param event the event as it was sent
 */
export function factsOf(event: AuditEvent): EventFacts {
  const facets = Object.fromEntries(FACET_NAMES.map((name) => [name, FACETS[name].read(event) ?? null])) as FacetValues;
  return { facets, attempts: attemptsIn(event), corrects: correctionIn(event) };
}
