import type { AuditError, AuditErrorCode } from '../errors.js';
import type { PublisherState } from '../publish/publisher.js';
import type { BreakerState } from '../publish/breaker.js';

/** Whether events are stored safely and get published. */
export interface Health {
  /** `ok`; `degraded`: nothing is lost, but an operator should look; `failing`: events are being lost, or soon will be. */
  status: 'ok' | 'degraded' | 'failing';
  /** Descriptions of what is wrong, for operators. */
  problems: string[];
  /** Where events wait: in a file that outlives the process, in memory, or in an engine. */
  spool: 'disk' | 'memory' | 'opening' | 'engine';
  waiting: number;
  setAside: number;
  /** Whether the server accepted the last calls. */
  breaker: BreakerState;
  /** Time of the last receipt, in ISO 8601. */
  lastReceipt: string | undefined;
  lastError: { code: AuditErrorCode; at: string } | undefined;
}

/** The values that health is computed from. */
export interface HealthSigns extends Omit<Health, 'status' | 'problems' | 'breaker'>, PublisherState {
  lost: number;
  mismatched: number;
  /** Whether the spool fell back from disk to memory. */
  fellBack: boolean;
  /** Number of events that wait for another address of the project. */
  elsewhere: number;
  /** Used share of the spool, 0 to 1. */
  fill: number;
}

const ALMOST_FULL = 0.8;
const UNREACHABLE = 'the server cannot be reached';
const BY_CODE: Partial<Record<AuditErrorCode, string>> = {
  ERR_AUDIT_SPOOL: 'the spool fails',
  ERR_AUDIT_ENGINE: 'the engine fails',
  ERR_AUDIT_TIMEOUT: 'the server does not answer in time',
};

/**
 * Computes the status and the list of problems.
 *
 * @param signs the current values
 */
export function healthOf({ lost, mismatched, fellBack, fill, lastFailure, heldBack, elsewhere, ...seen }: HealthSigns): Health {
  const failing = [
    lost > 0 && `${lost} events were lost`,
    mismatched > 0 && `${mismatched} receipts do not match the events that were sent`,
    fill >= ALMOST_FULL && `the spool is ${Math.round(fill * 100)}% full`,
  ].filter((problem) => problem !== false);
  const degraded = [
    fellBack && 'the spool is in memory, because its directory cannot be used',
    seen.breaker !== 'closed' && failureOf(lastFailure),
    heldBack > 0 && `${heldBack} events are held back: the server does not accept them, while it accepts others`,
    elsewhere > 0 && `${elsewhere} events wait for another address of this project: "auditlogin spool move" sends them to this one`,
    seen.setAside > 0 &&
      `${seen.setAside} events are set aside${seen.spool === 'engine' ? ' in the engine' : ': see "auditlogin spool list"'}`,
  ].filter((problem) => problem !== false);
  const problems = [...failing, ...degraded];
  return { status: failing.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'ok', problems, ...seen };
}

/** Says why the server accepts no events. */
function failureOf(error: AuditError | undefined): string {
  if (error === undefined) return UNREACHABLE;
  const { code, status, field } = error;
  if (field === 'token') return 'the "token" function gives no token';
  if (status === 401) return 'the server does not accept the token (401)';
  if (status !== undefined) return `the server does not accept events (${status})`;
  return BY_CODE[code] ?? UNREACHABLE;
}
