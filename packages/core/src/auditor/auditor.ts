import type { Attempt } from '../attempt/attempt.js';
import { decideOutcome, type Outcome } from '../attempt/outcome.js';
import { type AuditorOptions, readSettings, type Settings } from '../config/options.js';
import type { AuditError } from '../errors.js';
import { eventId } from '../event/id.js';
import type { EventInput } from '../event/input.js';
import type { Transport } from '../publish/transport.js';
import { minuteOf } from '../spool/coalesced.js';
import { type CoveredRoute, createCoverage } from '../telemetry/coverage.js';
import type { Health } from '../telemetry/health.js';
import { exposeMetrics } from '../telemetry/metrics.js';
import type { AuditorStats } from '../telemetry/stats.js';
import { Drain } from './drain.js';
import { flushBeforeExit } from './exit.js';
import { asAuditError } from './intake.js';
import { applicationEvent } from './lifecycle-events.js';
import { wire } from './wiring.js';

/** Queues events, publishes them and verifies their receipts. One auditor can serve several adapters. */
export interface Auditor extends AsyncDisposable {
  /** The `durability` option. */
  readonly durability: 'after-response' | 'before-response';
  /** False if the audit is disabled (`enabled: false`, `AUDITLOG_DISABLED=1`), or not configured in development or test. */
  readonly isEnabled: boolean;
  /**
   * Records the attempts of an exchange. The promise never rejects, since auditing must not break the application.
   *
   * @param attempts the attempts, or a promise of them, which `flush()` and `close()` wait for
   * @param decide decides the outcome of an attempt; by default the evidence does
   * @returns whether these attempts, and those that were recorded with them, are stored as durably as the spool can
   */
  record(attempts: readonly Attempt[] | Promise<readonly Attempt[]>, decide?: (attempt: Attempt) => Outcome): Promise<boolean>;
  /**
   * Tracks an exchange that is being observed. `flush()`, `close()` and the end of the process record it at once, if its response was sent or its
   * client is gone.
   *
   * @param exchange the observed exchange
   * @returns a function that stops tracking it
   */
  track(exchange: TrackedExchange): () => void;
  /**
   * Counts a request that carried a credential, for {@link coverage}.
   *
   * @param method method of the request
   * @param route pattern or path of the route
   * @param isAudited whether it became an attempt
   */
  cover(method: string, route: string, isAudited: boolean): void;
  /** The routes that received credentials, at most the five hundred that were used last, and whether they are audited. */
  coverage(): CoveredRoute[];
  /**
   * Warns, once for each key.
   *
   * @param key what the warning is about
   * @param message for the logger
   */
  advise(key: string, message: string): void;
  /**
   * Queues an event. `component` and `version` default to those of the auditor.
   *
   * @param event the event; ids may be numbers, `created` may be a Date
   * @returns the event's `external_id`: a UUIDv7 unless the event has one
   * @throws AuditError `ERR_AUDIT_EVENT_INVALID`, `ERR_AUDIT_SPOOL_FULL`, `ERR_AUDIT_SPOOL` or `ERR_AUDIT_CLOSED`
   */
  report(event: EventInput): Promise<string>;
  /**
   * Waits until everything queued so far is published or set aside.
   *
   * @param options `timeout` in milliseconds; default `closeTimeout`
   * @throws AuditError `ERR_AUDIT_TIMEOUT` if it takes longer; no event is lost
   */
  flush(options?: { timeout?: number }): Promise<void>;
  /**
   * Flushes and stops. Events that could not be published in time stay on disk for the next start; in memory they are lost, counted and reported.
   * Further calls return the promise of the first.
   *
   * @param options `timeout` in milliseconds; `closeTimeout` if left out
   */
  close(options?: { timeout?: number }): Promise<void>;
  /** Counters since the start. */
  stats(): AuditorStats;
  /** Whether events are stored safely and get published. */
  health(): Health;
  /**
   * Reports an error because of which an event lacks a part, to the logger and `onError`.
   *
   * @param error the error
   */
  problem(error: AuditError): void;
}

/** An exchange that is being observed. */
interface TrackedExchange {
  /** Records the exchange, if its response was sent or its client is gone. */
  hurry(): void;
}

/** Replacements for the default parts. */
export interface AuditorParts {
  /** Sends events instead of HTTP, for example in a test. */
  transport?: Transport;
}

/** How often coalesced attempts become events, in milliseconds. */
const COALESCED_PERIOD = 10_000;

/**
 * Creates an auditor.
 *
 * @param options see {@link AuditorOptions}; missing settings come from the environment
 * @param parts replacements for the default parts
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID`, `ERR_AUDIT_CONFIG_MISSING`, or `ERR_AUDIT_SPOOL` for a required spool
 */
export function createAuditor(options: AuditorOptions = {}, parts: AuditorParts = {}): Auditor {
  const settings = readSettings(options);
  return settings === 'disabled' ? disabledAuditor() : auditorWith(settings, parts);
}

function auditorWith(settings: Settings, parts: AuditorParts): Auditor {
  const { telemetry, spool, spoolState, lifecycle, transport, publisher, intake } = wire(settings, parts.transport);
  const tracked = new Set<TrackedExchange>();
  const drain = new Drain(spool, intake, publisher, () => {
    for (const exchange of [...tracked]) exchange.hurry();
  });
  const coverage = createCoverage(({ method, route }) =>
    telemetry.advise(
      `uncovered ${method} ${route}`,
      `${method} ${route} looks like a login and is not audited: add ${JSON.stringify(`${method} ${route}`)} to the option "routes".`,
    ),
  );
  const problem = (error: AuditError): void => telemetry.problem(error);
  const stats = (): AuditorStats => telemetry.stats();
  const cancelFlush = flushBeforeExit(async () => {
    if (drain.isPending()) await auditor.close();
  });
  const replacing = setInterval(() => void intake.replaceCoalesced(minuteOf(Date.now())).catch(problem), COALESCED_PERIOD);
  replacing.unref();
  const hideMetrics = exposeMetrics(stats);
  let closing: Promise<void> | undefined;

  async function stop(timeout: number): Promise<void> {
    clearInterval(replacing);
    if (settings.lifecycleEvents) await intake.append(lifecycle.stop()).catch(() => undefined);
    await drain.flush(timeout).catch(() => undefined);
    intake.close();
    cancelFlush();
    hideMetrics.then((hide) => hide(), problem);
    const stopped = publisher.stop();
    await transport.close();
    await stopped;
    if (!spool.isDurable) await drain.abandon((event, error) => telemetry.lost(event, error));
    await spool.close().catch((thrown: unknown) => problem(asAuditError(thrown)));
  }

  const auditor: Auditor = {
    durability: settings.durability,
    isEnabled: true,
    record: (attempts, decide = (attempt) => decideOutcome(attempt)) => intake.record(attempts, decide),
    track(exchange) {
      tracked.add(exchange);
      return () => tracked.delete(exchange);
    },
    cover: coverage.count,
    coverage: coverage.routes,
    advise: (key, message) => telemetry.advise(key, message),
    report: async (event) => intake.append(applicationEvent(event, settings)),
    flush: ({ timeout = settings.closeTimeout } = {}) => drain.flush(timeout),
    close: ({ timeout = settings.closeTimeout } = {}) => (closing ??= stop(timeout)),
    stats,
    health: () => telemetry.health({ spool: spoolState.kind(), fellBack: spoolState.fellBack(), ...publisher.state() }),
    problem,
    [Symbol.asyncDispose]: () => auditor.close(),
  };
  if (settings.lifecycleEvents) void intake.append(lifecycle.start()).catch(() => undefined);
  return auditor;
}

/** Creates a disabled auditor, which accepts every call and records nothing. */
function disabledAuditor(): Auditor {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    durability: 'after-response',
    isEnabled: false,
    record: () => Promise.resolve(true),
    track: () => () => undefined,
    cover: () => undefined,
    coverage: () => [],
    advise: () => undefined,
    report: () => Promise.resolve(eventId(Date.now())),
    flush: nothing,
    close: nothing,
    stats: () => ({
      queued: 0,
      handedOver: 0,
      published: 0,
      verified: 0,
      mismatched: 0,
      lost: 0,
      setAside: 0,
      coalesced: 0,
      adopted: 0,
      retries: 0,
      waiting: 0,
    }),
    health: () => ({
      status: 'degraded',
      problems: ['the audit is disabled'],
      spool: 'memory',
      waiting: 0,
      setAside: 0,
      breaker: 'closed',
      lastReceipt: undefined,
      lastError: undefined,
    }),
    problem: () => undefined,
    [Symbol.asyncDispose]: nothing,
  };
}
