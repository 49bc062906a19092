import type { EvidenceSource } from './statement.js';

/** What the application's `outcome` option says of its answer. */
export const rule: EvidenceSource = ({ rule: said }) =>
  said && { evidence: 'body', says: said.outcome, strength: 'rule', ...(said.reason && { reason: said.reason }) };
