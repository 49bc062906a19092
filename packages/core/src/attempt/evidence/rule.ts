import type { EvidenceSource } from './statement.js';

/** The application's `outcome` rule decided. */
export const rule: EvidenceSource = ({ rule: said }) =>
  said && { evidence: 'body', says: said.outcome, strength: 'rule', ...(said.reason && { reason: said.reason }) };
