import { type Attempt } from './attempt/attempt.js';
import { decideOutcome, type Outcome } from './attempt/outcome.js';
import { AuditError, isAuditError } from './errors.js';
import { composeEvent } from './event/compose.js';
import type { AuditEvent } from './event/event.js';
import { eventId } from './event/id.js';
import { type EventInput, normaliseEvent } from './event/normalise.js';
import { serialise, type SerialisedEvent } from './event/serialise.js';
import { flushBeforeExit } from './exit.js';
import { type AuditorOptions, readSettings } from './options.js';
import { httpTransport } from './publish/http-transport.js';
import { createPublisher } from './publish/publisher.js';
import type { CheckedReceipt } from './publish/receipt.js';
import type { Transport } from './publish/transport.js';
import { createReporter } from './reporter.js';
import { memorySpool } from './spool/memory-spool.js';

/** What became of the events so far. */
export interface AuditorStats {
  /** Events that were queued. */
  queued: number;
  /** Events that the server stored. */
  published: number;
  /** Of those, the ones whose receipt's hash is the hash of what was sent. */
  verified: number;
  /** Of those, the ones whose receipt's hash is not. */
  mismatched: number;
  /** Events that are lost: no room, refused, or still waiting when the auditor was closed. */
  lost: number;
  /** Tries that failed and were or will be made again. */
  retries: number;
  /** Events that wait. */
  waiting: number;
}

/** Queues events, publishes them and verifies their receipts. One auditor can serve several adapters. */
export interface Auditor extends AsyncDisposable {
  /**
   * Records an attempt. Never rejects: auditing must not break what it audits.
   *
   * @param attempt what was observed, or a promise of it, which `flush()` and `close()` then wait for; undefined is no attempt
   * @param outcome how it came out; decided by evidence if left out
   */
  record(attempt: Attempt | Promise<Attempt | undefined>, outcome?: (attempt: Attempt) => Outcome): Promise<void>;
  /**
   * Queues any event; `component` and `version` are the auditor's, unless it names its own.
   *
   * @param event the event; ids may be numbers, `created` may be a Date
   * @returns the event's `external_id`, a UUIDv7 unless the event brought one
   * @throws AuditError `ERR_AUDIT_EVENT_INVALID`, `ERR_AUDIT_SPOOL_FULL` or `ERR_AUDIT_CLOSED`
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
   * Flushes, then stops. What could not be published in time is lost, counted and reported. Late callers join the first call.
   *
   * @param options `timeout` in milliseconds; `closeTimeout` if left out
   */
  close(options?: { timeout?: number }): Promise<void>;
  /** What became of the events so far. */
  stats(): AuditorStats;
  /**
   * Reports an error that cost an event a part, to the logger and `onError`.
   *
   * @param error what went wrong
   */
  problem(error: AuditError): void;
}

/** Parts that take the place of the usual ones. */
export interface AuditorParts {
  /** Carries events instead of HTTP, e.g. into a test. */
  transport?: Transport;
}

/**
 * Creates an auditor: the only place where the parts are wired.
 *
 * @param options see {@link AuditorOptions}; what is left out comes from the environment
 * @param parts what takes the place of the usual parts
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createAuditor(options: AuditorOptions = {}, parts: AuditorParts = {}): Auditor {
  const settings = readSettings(options);
  const reporter = createReporter(settings);
  const spool = memorySpool(settings.spool);
  const transport = parts.transport ?? httpTransport({ ...settings, ...settings.publish, connections: settings.publish.concurrency });
  const counts = { queued: 0, verified: 0, mismatched: 0, lost: 0, retries: 0 };
  const pending = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let closed = false;

  const publisher = createPublisher(
    spool,
    transport,
    {
      receipt(event, receipt, verdict) {
        counts[verdict] += 1;
        if (verdict === 'verified' && !settings.onReceipt) return;
        reporter.receipt({ receipt, verdict, event: eventIn(event) });
      },
      setAside: lose,
      failed(error, wait) {
        counts.retries += 1;
        reporter.retry(error, wait, spool.size().events);
      },
      broken: (thrown) => reporter.problem(asAuditError(thrown)),
    },
    { ...settings.publish, backoff: { min: settings.publish.backoffMin, max: settings.publish.backoffMax } },
  );
  const stayAlive = flushBeforeExit(async () => {
    if (spool.size().events > 0 || pending.size > 0) await auditor.close();
  });

  function lose(event: SerialisedEvent, error: AuditError): void {
    counts.lost += 1;
    reporter.drop(eventIn(event), error);
  }

  async function queue(event: AuditEvent): Promise<string> {
    const id = event.external_id ?? eventId(Date.parse(event.created!));
    const serialised = serialise({ ...event, external_id: id });
    try {
      if (closed) throw new AuditError('ERR_AUDIT_CLOSED', 'The auditor is closed; the event was not queued.');
      await spool.append(serialised);
    } catch (thrown) {
      lose(serialised, asAuditError(thrown));
      throw thrown;
    }
    counts.queued += 1;
    publisher.wake();
    return id;
  }

  /** Events by hand name the application, too, unless they name a component of their own. */
  function signed(event: EventInput): EventInput {
    if (typeof event !== 'object' || event === null) return event;
    return { ...event, component: event.component ?? settings.component, version: event.version ?? settings.version };
  }

  async function joined<T>(work: Promise<T>): Promise<T> {
    pending.add(work);
    try {
      return await work;
    } finally {
      pending.delete(work);
    }
  }

  async function recordNow(attempt: Attempt | Promise<Attempt | undefined>, decide: (attempt: Attempt) => Outcome): Promise<void> {
    try {
      const observed = await attempt;
      if (observed) await queue(composeEvent(observed, decide(observed), settings));
    } catch (thrown) {
      const error = asAuditError(thrown);
      // These two were counted and reported where the event was still at hand.
      if (error.code === 'ERR_AUDIT_SPOOL_FULL' || error.code === 'ERR_AUDIT_CLOSED') return;
      counts.lost += 1;
      reporter.problem(error);
    }
  }

  async function drain(): Promise<void> {
    while (pending.size > 0) await Promise.allSettled(pending);
    await publisher.drained();
  }

  async function flush({ timeout = settings.closeTimeout } = {}): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeout, 'late')));
    const first = await Promise.race([drain(), late]);
    clearTimeout(timer);
    if (first === 'late') {
      throw new AuditError('ERR_AUDIT_TIMEOUT', `${spool.size().events} events still wait after ${timeout} ms.`);
    }
  }

  async function stop(timeout: number): Promise<void> {
    await flush({ timeout }).catch(() => undefined);
    closed = true;
    stayAlive();
    const stopped = publisher.stop();
    await transport.close();
    await stopped;
    for (let left = await spool.peek(1000); left.length > 0; left = await spool.peek(1000)) {
      await spool.settle(left);
      for (const event of left) lose(event, new AuditError('ERR_AUDIT_CLOSED', 'The auditor was closed before the event was published.'));
    }
    await spool.close();
  }

  const auditor: Auditor = {
    record: (attempt, outcome = decideOutcome) => joined(recordNow(attempt, outcome)),
    report: async (event) => joined(queue(normaliseEvent(signed(event)))),
    flush,
    close: ({ timeout = settings.closeTimeout } = {}) => (closing ??= stop(timeout)),
    stats: () => ({ ...counts, published: counts.verified + counts.mismatched, waiting: spool.size().events }),
    problem: reporter.problem,
    [Symbol.asyncDispose]: () => auditor.close(),
  };
  return auditor;
}

function eventIn(event: SerialisedEvent): CheckedReceipt['event'] {
  return JSON.parse(event.body) as AuditEvent;
}

function asAuditError(thrown: unknown): AuditError {
  if (isAuditError(thrown)) return thrown;
  return new AuditError('ERR_AUDIT_EVENT_INVALID', `An event could not be made: ${thrown instanceof Error ? thrown.name : 'unknown'}.`);
}
