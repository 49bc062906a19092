import type { AuditErrorCode } from '../errors.js';
import type { BreakerState } from '../publish/breaker.js';

/** Whether events are safe and on their way. */
export interface Health {
  /** `ok`; `degraded`: nothing is lost, but an operator should look; `failing`: events are being lost, or soon will be. */
  status: 'ok' | 'degraded' | 'failing';
  /** What is not well, for people. */
  problems: string[];
  /** Where events wait: a file that outlives the process, memory, or an engine that a relay takes them from. */
  spool: 'disk' | 'memory' | 'opening' | 'engine';
  waiting: number;
  setAside: number;
  /** Whether the server can be reached, as far as is known. */
  breaker: BreakerState;
  /** When the last receipt came, in ISO 8601. */
  lastReceipt: string | undefined;
  lastError: { code: AuditErrorCode; at: string } | undefined;
}

/** What health is judged by. */
export interface HealthSigns extends Omit<Health, 'status' | 'problems'> {
  lost: number;
  mismatched: number;
  /** Whether a spool on disk was wanted and could not be had. */
  fellBack: boolean;
  /** The share of the spool that is taken, 0 to 1. */
  fill: number;
}

const ALMOST_FULL = 0.8;

/**
 * Judges.
 *
 * @param signs what is known
 */
export function healthOf({ lost, mismatched, fellBack, fill, ...seen }: HealthSigns): Health {
  const failing = [
    lost > 0 && `${lost} events were lost`,
    mismatched > 0 && `${mismatched} receipts do not match what was sent`,
    fill >= ALMOST_FULL && `the spool is ${Math.round(fill * 100)}% full`,
  ].filter((problem) => problem !== false);
  const degraded = [
    fellBack && 'the spool is in memory, since its directory cannot be used',
    seen.breaker !== 'closed' && 'the server cannot be reached',
    seen.setAside > 0 &&
      `${seen.setAside} events are set aside${seen.spool === 'engine' ? ' in the engine' : ': see "auditlogin spool list"'}`,
  ].filter((problem) => problem !== false);
  const problems = [...failing, ...degraded];
  return { status: failing.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'ok', problems, ...seen };
}
