import type { EvidenceSource } from './statement.js';

/** The verdict of the library that checked the credential. The account that it names is the attempt's `verdict.actor`. */
export const library: EvidenceSource = ({ verdict }) =>
  verdict && { evidence: verdict.library, says: verdict.outcome, strength: 'sign', ...(verdict.reason && { reason: verdict.reason }) };
