import type { EvidenceSource } from './statement.js';

/** The handler stated the outcome by a marker. */
export const marker: EvidenceSource = ({ mark }) =>
  mark && { evidence: 'marker', says: mark.outcome, strength: 'word', ...(mark.reason && { reason: mark.reason }) };
