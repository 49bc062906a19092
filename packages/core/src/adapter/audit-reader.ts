import type { Attempt, SessionSnapshot } from '../attempt/attempt.js';
import type { Outcome } from '../attempt/outcome.js';
import type { RouteMatcher } from '../attempt/route-match.js';
import type { Auditor } from '../auditor/auditor.js';
import type { Extractors, OutcomeRule } from './extractors.js';
import type { Impersonations } from './impersonations.js';
import type { RequestAdapter } from './request-adapter.js';

/** Finds Passport where the application uses it. */
export interface PassportSearch {
  /** Looks among the modules that are loaded: at the first request, and ever more rarely. */
  amongModules(): void;
  /**
   * Looks on a request, until it was found: Passport leaves its instance there, and @fastify/passport decorates the requests of Fastify.
   *
   * @param holders the request of node:http, and the framework's own
   */
  onRequest(...holders: readonly unknown[]): void;
}

/** How an adapter reads requests: its options, compiled. */
export interface AuditReader<Request> extends Extractors<Request> {
  auditor: Auditor;
  matcher: RouteMatcher;
  impersonations: Impersonations;
  /** Decides the outcome of an attempt. */
  decide: (attempt: Attempt) => Outcome;
  sessionSnapshot: (session: unknown) => SessionSnapshot | undefined;
  outcome: OutcomeRule<Request> | undefined;
  /** The most bytes of a response that are captured; 0 captures none. */
  bodyLimit: number;
  /** Finds Passport, so that its verdicts are recorded; undefined if they are not. */
  passport: PassportSearch | undefined;
  /** Whether responses are searched for credentials and common shapes. */
  readAnswers: boolean;
  extractorTimeout: number;
  /** How long a handler is awaited after its client has disconnected, in milliseconds. */
  abortWait: number;
  /** The client's address by the `addressHeader` option; the framework's without it. */
  clientAddress: ((peer: string | undefined, headers: RequestAdapter<Request>['incoming']['headers']) => string | undefined) | undefined;
}
