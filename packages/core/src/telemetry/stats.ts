/** What became of the events so far. */
export interface AuditorStats {
  /** Events that were queued. */
  queued: number;
  /** Events that an engine took, for a relay to publish. */
  handedOver: number;
  /** Events that the server stored. */
  published: number;
  /** Of those, the ones whose receipt's hash is the hash of what was sent. */
  verified: number;
  /** Of those, the ones whose receipt's hash is not. */
  mismatched: number;
  /** Events that are lost: no room, or still in memory when the auditor was closed. */
  lost: number;
  /** Events that the server refused, or that grew too old: they wait for an operator. */
  setAside: number;
  /** Failed logins of which only the number is kept, while the spool is half full. */
  coalesced: number;
  /** Events of earlier processes that were taken over. */
  adopted: number;
  /** Tries that failed and were or will be made again. */
  retries: number;
  /** Events that wait. */
  waiting: number;
}
