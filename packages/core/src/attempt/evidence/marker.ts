import type { EvidenceSource } from './statement.js';

/** The handler's own word. */
export const marker: EvidenceSource = ({ mark }) =>
  mark && { evidence: 'marker', says: mark.outcome, strength: 'word', ...(mark.reason && { reason: mark.reason }) };
