import type { IncomingMessage } from 'node:http';
import type { SessionSnapshot } from '../attempt/attempt.js';
import type { CapturedResponse } from './response-body.js';
import type { GatedResponse } from './response-gate.js';
import type { ObservedResponse } from './response-end.js';
import { AuditError } from '../errors.js';

/** What an adapter shows of the end of an exchange. */
export interface RequestSnapshot {
  user: unknown;
  session: unknown;
  body: unknown;
  /** Whether a handler of the application took the request: without one, 404 is no attempt. */
  routed: boolean;
  /** The pattern of the route that answered. */
  route?: string | undefined;
  requestId?: string | undefined;
}

/** An exchange, as an adapter hands it over. */
export interface RequestAdapter<Request> {
  /** The framework's own request. */
  readonly request: Request;
  readonly incoming: IncomingMessage;
  readonly outgoing: ObservedResponse & CapturedResponse & GatedResponse;
  /** The request target as it came. */
  readonly target: string;
  /** The client's address by the framework's trust setting; asked at once, since some frameworks forget it when a client aborts. */
  address(): string | undefined;
  /** The framework's user now. */
  user(): unknown;
  /** Looks at the session before any handler can change it, now or when it is put on the request. */
  watchSession(): void;
  /** What was there when it was looked at. */
  sessionBefore(): SessionSnapshot | 'unseen' | undefined;
  /** What there is to see at the end. */
  look(): RequestSnapshot;
  /** Ends a session whose login could not be recorded. */
  endSession(): void;
}

/**
 * Asks a source. What it asks runs getters of the application, in our listeners, where an error would end the process: it costs the event that part
 * instead.
 *
 * @param problem takes the report
 * @param otherwise what counts if it throws
 * @param look asks
 */
export function shielded<T>(problem: (error: AuditError) => void, otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    problem(new AuditError('ERR_AUDIT_EXTRACTOR', `Looking at a request threw (${kind}); its event lacks what would have been seen.`));
    return otherwise;
  }
}
