import { hash } from 'node:crypto';
import { FACET_NAMES, type FacetName, FACETS } from '@auditlogin/core/log';

/** The values of an event's facets; null for a facet that the event does not have. */
export type FacetValues = Record<FacetName, string | null>;

const MAX_CACHED = 10_000;
/** The digests of recent values, since most values occur often. */
const digests = new Map<string, string>();

/**
 * Returns the full-text term of a facet's value: the facet's letter and a digest. It is one token, whatever characters the value has.
 *
 * @param facet the facet
 * @param value the value
 */
export function facetTerm(facet: FacetName, value: string): string {
  return FACETS[facet].letter + digestOf(value);
}

/**
 * Returns the terms of all facets that an event has, separated by spaces.
 *
 * @param values the facets of the event
 */
export function facetTerms(values: FacetValues): string {
  return FACET_NAMES.flatMap((facet) => (values[facet] === null ? [] : [facetTerm(facet, values[facet])])).join(' ');
}

/** The letters before the terms of a target; no facet has them. */
const TARGET = { id: 't', type: 'k' } as const;

/**
 * Returns the full-text term of a target's id or type.
 *
 * @param property what the value is
 * @param value the value
 */
export function targetTerm(property: keyof typeof TARGET, value: string): string {
  return TARGET[property] + digestOf(value);
}

/**
 * Returns the terms of a target, separated by spaces.
 *
 * @param id id of the target; undefined if there is none
 * @param type its type
 */
export function targetTerms(id: string | undefined, type: string | undefined): string {
  return [id && targetTerm('id', id), type && targetTerm('type', type)].filter(Boolean).join(' ');
}

function digestOf(value: string): string {
  let digest = digests.get(value);
  if (digest === undefined) {
    if (digests.size >= MAX_CACHED) digests.clear();
    digest = hash('sha256', value).slice(0, 20);
    digests.set(value, digest);
  }
  return digest;
}
