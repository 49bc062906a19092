// Entry point for browsers: the viewer recomputes hashes there.
export { canonicalTail, canonicalText, isTrue } from './event/canonical.js';
export type { Actor, AuditEvent, Crud, Group, Receipt, StringMap, Target } from './event/event.js';
export { showControls } from './event/show.js';
export { accountOf, attemptsIn, correctionIn, type Facet, FACET_NAMES, type FacetName, FACETS, readFacets } from './formats/facets.js';
