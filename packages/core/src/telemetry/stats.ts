/** Counters of an auditor since its start. */
export interface AuditorStats {
  /** Events that were appended to the spool. */
  queued: number;
  /** Events that were handed over to an engine; a relay publishes them. */
  handedOver: number;
  /** Events that the server stored. */
  published: number;
  /** Published events whose receipt has the right hash. */
  verified: number;
  /** Published events whose receipt has a wrong hash. */
  mismatched: number;
  /** Events that were lost: the spool was full, or they were still in memory when the auditor was closed. */
  lost: number;
  /** Events that were set aside for an operator, since the server refused them or they were too old. */
  setAside: number;
  /** Attempts other than successes that were counted instead of stored, while the spool was more than half full. */
  coalesced: number;
  /** Events that were taken over from processes that have ended. */
  adopted: number;
  /** Failed calls, each of which was or will be repeated. */
  retries: number;
  /** Events that wait in the spool. */
  waiting: number;
}
