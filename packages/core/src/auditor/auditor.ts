import type { Attempt } from '../attempt/attempt.js';
import { decideOutcome, type Outcome } from '../attempt/outcome.js';
import { AuditError } from '../errors.js';
import type { AuditEvent } from '../event/event.js';
import type { EventInput } from '../event/input.js';
import { normaliseEvent } from '../event/normalise.js';
import { createSealer } from '../event/seal.js';
import type { SerialisedEvent } from '../event/serialise.js';
import { disabledAuditor } from './disabled-auditor.js';
import { flushBeforeExit } from './exit.js';
import { identityKeyOf } from './identity-key.js';
import { asAuditError, createIntake } from './intake.js';
import { type AuditorOptions, readSettings, type Settings } from '../config/options.js';
import { handOver } from '../publish/hand-over.js';
import { transportTo } from '../retraced/http-transport.js';
import { createPublisher, publisherOptions } from '../publish/publisher.js';
import type { CheckedReceipt } from '../publish/receipt.js';
import type { Transport } from '../publish/transport.js';
import { createReporter } from '../telemetry/reporter.js';
import { minuteOf } from '../spool/coalesced.js';
import { openSpool } from '../spool/open-spool.js';
import { tell } from '../telemetry/channels.js';
import { type Health, healthOf } from '../telemetry/health.js';
import { exposeMetrics } from '../telemetry/metrics.js';
import { type CoveredRoute, createCoverage } from '../telemetry/coverage.js';
import type { AuditorStats } from '../telemetry/stats.js';

/** Queues events, publishes them and verifies their receipts. One auditor can serve several adapters. */
export interface Auditor extends AsyncDisposable {
  /** What an answer waits for. */
  readonly durability: 'after-response' | 'before-response';
  /** False if the audit is switched off (`enabled: false`, `AUDITLOG_DISABLED=1`), or not configured in development or test. */
  readonly isEnabled: boolean;
  /**
   * Records the attempts of an exchange. Never rejects: auditing must not break what it audits.
   *
   * @param attempts what was observed, or a promise of it, which `flush()` and `close()` then wait for
   * @param decide says how an attempt came out; by evidence if left out
   * @returns whether they, and what was recorded with them, are as safe as the spool makes them
   */
  record(attempts: readonly Attempt[] | Promise<readonly Attempt[]>, decide?: (attempt: Attempt) => Outcome): Promise<boolean>;
  /**
   * Follows an exchange that is being observed: `flush()`, `close()` and the end of the process record what is known of it, if its answer is given or its
   * client is gone.
   *
   * @param exchange what is being observed
   * @returns stops following it
   */
  track(exchange: TrackedExchange): () => void;
  /**
   * Counts a request that carried a credential, for {@link coverage}.
   *
   * @param method of the request
   * @param route its pattern or path
   * @param isAudited whether it became an attempt
   */
  cover(method: string, route: string, isAudited: boolean): void;
  /** The routes that took credentials so far, the five hundred that were used last, and whether they are audited. */
  coverage(): CoveredRoute[];
  /**
   * Warns, once for each key.
   *
   * @param key what it is about
   * @param message for the logger
   */
  advise(key: string, message: string): void;
  /**
   * Queues any event; `component` and `version` are the auditor's, unless it names its own.
   *
   * @param event the event; ids may be numbers, `created` may be a Date
   * @returns the event's `external_id`, a UUIDv7 unless the event brought one
   * @throws AuditError `ERR_AUDIT_EVENT_INVALID`, `ERR_AUDIT_SPOOL_FULL`, `ERR_AUDIT_SPOOL` or `ERR_AUDIT_CLOSED`
   */
  report(event: EventInput): Promise<string>;
  /**
   * Waits until everything queued so far is published or set aside.
   *
   * @param options `timeout` in milliseconds; `closeTimeout` if left out
   * @throws AuditError `ERR_AUDIT_TIMEOUT` when it took longer; nothing is lost by that
   */
  flush(options?: { timeout?: number }): Promise<void>;
  /**
   * Flushes, then stops. What could not be published in time stays on disk for the next start; in memory it is lost, counted and reported. Late callers
   * join the first call.
   *
   * @param options `timeout` in milliseconds; `closeTimeout` if left out
   */
  close(options?: { timeout?: number }): Promise<void>;
  /** What became of the events so far. */
  stats(): AuditorStats;
  /** Whether events are safe and on their way. */
  health(): Health;
  /**
   * Reports an error that cost an event a part, to the logger and `onError`.
   *
   * @param error what went wrong
   */
  problem(error: AuditError): void;
}

/** An exchange that is being observed. */
export interface TrackedExchange {
  /** Records what is known, if the answer is given or the client is gone. */
  hurry(): void;
}

/** Parts that take the place of the usual ones. */
export interface AuditorParts {
  /** Carries events instead of HTTP, e.g. into a test. */
  transport?: Transport;
}

/** Keys that somebody was advised about; a scanner must not grow them without end. */
const MAX_ADVICE = 1_000;
/** How often coalesced failures become events, in milliseconds. */
const COALESCED_PERIOD = 10_000;
/** One call at a time keeps the order; a thousand processes that gather longer make a thousand commits a second fewer. */
const TO_ENGINE = { concurrency: 1, gather: 500 };

/**
 * Creates an auditor: the only place where the parts are wired.
 *
 * @param options see {@link AuditorOptions}; what is left out comes from the environment
 * @param parts what takes the place of the usual parts
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID`, `ERR_AUDIT_CONFIG_MISSING`, or `ERR_AUDIT_SPOOL` for a required spool
 */
export function createAuditor(options: AuditorOptions = {}, parts: AuditorParts = {}): Auditor {
  const settings = readSettings(options);
  return settings === 'disabled' ? disabledAuditor() : auditorWith(settings, parts);
}

function auditorWith(settings: Settings, parts: AuditorParts): Auditor {
  const reporter = createReporter(settings);
  const tracked = new Set<TrackedExchange>();
  const advised = new Set<string>();
  const coverage = createCoverage(({ method, route }) =>
    advise(
      `uncovered ${method} ${route}`,
      `${method} ${route} looks like a login and is not audited: add ${JSON.stringify(`${method} ${route}`)} to the option "routes".`,
    ),
  );
  const counts = { queued: 0, handedOver: 0, verified: 0, mismatched: 0, lost: 0, coalesced: 0, adopted: 0, retries: 0 };
  let closing: Promise<void> | undefined;
  let lastReceipt: number | undefined;
  let lastError: Health['lastError'];

  const { spool, instance, ...spoolState } = openSpool(settings, {
    opened: () => publisher.wake(),
    adopted: (events) => void (counts.adopted += events),
    warned: problem,
  });
  const transport = parts.transport ?? (settings.engine ? handOver(settings.engine, instance) : transportTo(settings));
  const publisher = createPublisher(
    spool,
    transport,
    {
      receipt(event, receipt, verdict) {
        counts[verdict] += 1;
        lastReceipt = Date.now();
        tell('receipt', () => ({ event: eventIn(event), receipt, verdict }));
        if (verdict === 'verified' && !settings.onReceipt) return;
        reporter.receipt({ receipt, verdict, event: eventIn(event) });
      },
      handedOver(events) {
        counts.handedOver += events.length;
        tell('handedOver', () => ({ ids: events.map(({ id }) => id) }));
      },
      setAside(event, error) {
        tell('setAside', () => ({ event: eventIn(event), error }));
        reporter.drop(eventIn(event), error, 'set aside');
      },
      failed(error, wait) {
        counts.retries += 1;
        note(error);
        tell('retry', () => ({ error, wait, waiting: spool.size().events }));
        reporter.retry(error, wait, spool.size().events);
      },
      broken: (thrown) => problem(asAuditError(thrown)),
    },
    publisherOptions(settings.publish, settings.engine ? TO_ENGINE : {}),
  );
  const intake = createIntake(
    spool,
    {
      ...settings,
      identityKey: identityKeyOf(settings, spoolState.kind() === 'memory' ? undefined : settings.spool.directory),
      seal: settings.sealKey ? createSealer(settings.sealKey, instance) : (event) => event,
      gapEvent: settings.lifecycleEvents
        ? (lost) => ownEvent('audit.gap', true, `${lost} events were lost before this one`, { lost })
        : undefined,
    },
    {
      queued(events) {
        counts.queued += events.length;
        for (const { id } of events) tell('queued', () => ({ id }));
        publisher.wake();
      },
      coalesced(source) {
        counts.coalesced += 1;
        tell('coalesced', () => ({ source }));
      },
      lost: lose,
      uncomposed(error) {
        counts.lost += 1;
        problem(error);
      },
    },
  );
  const stayAlive = flushBeforeExit(async () => {
    if (spool.size().events + spool.size().coalesced > 0 || intake.isBusy()) await auditor.close();
  });
  const replacing = setInterval(() => void intake.replaceCoalesced(minuteOf(Date.now())).catch(problem), COALESCED_PERIOD);
  replacing.unref();

  function note(error: AuditError): void {
    lastError = { code: error.code, at: new Date().toISOString() };
  }

  function problem(error: AuditError): void {
    note(error);
    reporter.problem(error);
  }

  function lose(event: SerialisedEvent, error: AuditError): void {
    counts.lost += 1;
    note(error);
    tell('drop', () => ({ event: eventIn(event), error }));
    reporter.drop(eventIn(event), error, 'lost');
  }

  function ownEvent(action: string, isFailure: boolean, description: string, fields: Record<string, string | number>): AuditEvent {
    const about = { action, is_failure: isFailure, is_anonymous: true, description };
    return signed(normaliseEvent({ ...about, crud: 'c', fields: { instance, pid: process.pid, ...fields } }));
  }

  /** Events by hand name the application, too, unless they name a component of their own. */
  function signed(event: AuditEvent): AuditEvent {
    const { component = settings.component, version = settings.version } = event;
    return { ...event, ...(component !== undefined && { component }), ...(version !== undefined && { version }) };
  }

  function advise(key: string, message: string): void {
    if (advised.has(key) || advised.size >= MAX_ADVICE) return;
    advised.add(key);
    reporter.advise(message);
  }

  function hurry(): void {
    for (const exchange of [...tracked]) exchange.hurry();
  }

  async function drain(): Promise<void> {
    hurry();
    await intake.idle();
    await spool.coalesced(0);
    while (spool.size().coalesced > 0) {
      await publisher.drained();
      await intake.replaceCoalesced(Number.MAX_SAFE_INTEGER);
    }
    await publisher.drained();
  }

  async function flush({ timeout = settings.closeTimeout } = {}): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeout, 'late')));
    const first = await Promise.race([drain(), late]).finally(() => clearTimeout(timer));
    if (first === 'late') {
      throw new AuditError('ERR_AUDIT_TIMEOUT', `${spool.size().events} events still wait after ${timeout} ms.`);
    }
  }

  async function stop(timeout: number): Promise<void> {
    clearInterval(replacing);
    if (settings.lifecycleEvents) await intake.append(ownEvent('audit.stop', false, 'The audit stops', {})).catch(() => undefined);
    await flush({ timeout }).catch(() => undefined);
    intake.close();
    stayAlive();
    hideMetrics.then((hide) => hide(), problem);
    const stopped = publisher.stop();
    await transport.close();
    await stopped;
    if (!spool.isDurable) await loseTheRest();
    await spool.close().catch((thrown: unknown) => problem(asAuditError(thrown)));
  }

  async function loseTheRest(): Promise<void> {
    const error = new AuditError('ERR_AUDIT_CLOSED', 'The auditor was closed before the event was published.');
    for (let left = await spool.peek(1000); left.length > 0; left = await spool.peek(1000)) {
      for (const event of left) {
        await spool.deadLetter(event, error.message);
        lose(event, error);
      }
    }
  }

  function stats(): AuditorStats {
    const { events, setAside } = spool.size();
    return { ...counts, published: counts.verified + counts.mismatched, setAside, waiting: events };
  }

  function health(): Health {
    const { events, bytes, setAside } = spool.size();
    return healthOf({
      spool: spoolState.kind(),
      fellBack: spoolState.fellBack(),
      waiting: events,
      setAside,
      fill: Math.max(events / settings.spool.maxEvents, bytes / settings.spool.maxBytes),
      breaker: publisher.breaker(),
      lastReceipt: lastReceipt === undefined ? undefined : new Date(lastReceipt).toISOString(),
      lastError,
      lost: counts.lost,
      mismatched: counts.mismatched,
    });
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
    advise,
    report: async (event) => intake.append(signed(normaliseEvent(event))),
    flush,
    close: ({ timeout = settings.closeTimeout } = {}) => (closing ??= stop(timeout)),
    stats,
    health,
    problem,
    [Symbol.asyncDispose]: () => auditor.close(),
  };
  const hideMetrics = exposeMetrics(stats);
  if (settings.lifecycleEvents) {
    const about = { node: process.version, spool: settings.spool.kind };
    void intake.append(ownEvent('audit.start', false, 'The audit starts', about)).catch(() => undefined);
  }
  return auditor;
}

function eventIn(event: SerialisedEvent): CheckedReceipt['event'] {
  return JSON.parse(event.body) as AuditEvent;
}
