import type { AuditEvent } from '@auditlogin/core';
import { attemptsIn, correctionIn, FACET_NAMES, FACETS } from '@auditlogin/core/log';
import type { FacetValues } from './facet-terms.js';

/** Values that are read from an event when it is stored, for filtering and counting. */
export interface EventFacts {
  facets: FacetValues;
  /** Number of attempts that the event stands for. */
  attempts: number;
  /** The `external_id` of the event that this one corrects. */
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
