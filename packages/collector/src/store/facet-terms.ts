import { hash } from 'node:crypto';
import { FACET_NAMES, type FacetName, FACETS } from '@auditlogin/core/log';

/** The values of an event's facets; null for those that it does not have. */
export type FacetValues = Record<FacetName, string | null>;

const MAX_CACHED = 10_000;
/** Most values occur again and again. */
const digests = new Map<string, string>();

/**
 * The term that stands for a value of a facet in the full-text index: the facet's letter and a digest, which is one token whatever the value is.
 *
 * @param facet the facet
 * @param value its value
 */
export function facetTerm(facet: FacetName, value: string): string {
  let digest = digests.get(value);
  if (digest === undefined) {
    if (digests.size >= MAX_CACHED) digests.clear();
    digest = hash('sha256', value).slice(0, 20);
    digests.set(value, digest);
  }
  return FACETS[facet].letter + digest;
}

/**
 * The terms of all facets that an event has, divided by spaces.
 *
 * @param values the facets of the event
 */
export function facetTerms(values: FacetValues): string {
  return FACET_NAMES.flatMap((facet) => (values[facet] === null ? [] : [facetTerm(facet, values[facet])])).join(' ');
}
