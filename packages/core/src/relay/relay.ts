import * as v from 'valibot';
import { AuditError, isAuditError } from '../errors.js';
import type { AuditEvent } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';
import * as option from '../config/option-types.js';
import { auditorEntries, type AuditorOptions, type Connection, readConnection } from '../config/options.js';
import { parseOptions } from '../config/parse-options.js';
import { transportTo } from '../retraced/http-transport.js';
import { createPublisher } from '../publish/publisher.js';
import { publisherOptions } from '../publish/publisher-options.js';
import type { Transport } from '../publish/transport.js';
import { createReporter } from '../telemetry/reporter.js';
import type { SharedSpool } from '../spool/spool.js';
import { type Health, healthOf } from '../telemetry/health.js';

/** Options of {@link createRelay}: an auditor's options for publishing, and the engine. */
export interface RelayOptions extends Pick<
  AuditorOptions,
  'apiBase' | 'project' | 'token' | 'publish' | 'logger' | 'onReceipt' | 'onDrop' | 'onMismatch' | 'onError'
> {
  /** The engine whose events are published. */
  engine: SharedSpool;
  /** How often the engine is polled while it has no events, in milliseconds. @default 250 */
  poll?: number;
  /** How long `close()` waits for calls in flight, in milliseconds. @default 10000 */
  closeTimeout?: number;
}

/** Counters of a relay. */
export interface RelayStats {
  /** Published events whose receipt has the right hash. */
  verified: number;
  /** Published events whose receipt has a wrong hash. */
  mismatched: number;
  /** Events that were set aside, since the server refused them or they were too old. */
  setAside: number;
  /** Failed calls, each of which was or will be repeated. */
  retries: number;
  /** Events of all processes that wait in the engine, as of the last poll. */
  waiting: number;
}

/** The state of a relay. */
export type RelayHealth = Health & {
  /** Whether the engine answered when it was last asked, and within two seconds. */
  engine: 'connected' | 'unreachable';
};

/** Takes events from an engine, publishes them, verifies their receipts and settles them. Any number of relays can share an engine. */
export interface Relay {
  stats(): RelayStats;
  health(): RelayHealth;
  /** Stops taking events, waits for calls in flight (at most `closeTimeout`), releases the events that were not published, and closes the engine. */
  close(): Promise<void>;
}

/** From this number of crashes on, an event is a poison candidate. Relays are also ended by deployments and machines, so one crash proves nothing. */
const POISON_CANDIDATE_FROM = 3;

/** From this time on, in milliseconds, an engine that owes an answer counts as unreachable. Its time-out is longer, since a slow answer is still an answer. */
const ANSWER_DUE = 2_000;

const { apiBase, project, token, publish, logger, onReceipt, onDrop, onMismatch, onError, closeTimeout, engine } = auditorEntries;
const relaySchema = option.object({
  apiBase,
  project,
  token,
  publish,
  logger,
  onReceipt,
  onDrop,
  onMismatch,
  onError,
  closeTimeout,
  engine: engine.wrapped,
  poll: v.optional(option.integer(10, 60_000), 250),
});

/**
 * Creates a relay and starts it.
 *
 * @param options see {@link RelayOptions}; `apiBase`, `project` and `token` default to the environment
 * @param parts replacements for the default parts
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createRelay(options: RelayOptions, parts: { transport?: Transport } = {}): Relay {
  const parsed = parseOptions(relaySchema, options);
  const { engine, publish, poll } = parsed;
  const connection: Connection = readConnection(options).connection;
  const reporter = createReporter(parsed);
  const counts = { verified: 0, mismatched: 0, setAside: 0, retries: 0 };
  let isReachable = true;
  /** When the running poll was started, by the monotonic clock. */
  let askedAt: number | undefined;
  let lastReceipt: string | undefined;
  let lastError: Health['lastError'];
  let closing: Promise<void> | undefined;

  const transport = parts.transport ?? transportTo({ ...connection, publish });
  const publisher = createPublisher(
    engine,
    transport,
    {
      receipt(event, receipt, verdict) {
        counts[verdict] += 1;
        lastReceipt = new Date().toISOString();
        if (verdict === 'verified' && !parsed.onReceipt) return;
        reporter.receipt({ receipt, verdict, event: eventIn(event) });
      },
      handedOver: () => undefined,
      setAside(event, error) {
        counts.setAside += 1;
        reporter.drop(eventIn(event), error, 'set aside');
      },
      failed(error, wait) {
        counts.retries += 1;
        note(error);
        reporter.retry(error, wait, engine.size().events);
      },
      broken: engineFailed,
    },
    publisherOptions(publish, { poisonCandidateFrom: POISON_CANDIDATE_FROM, keepsOrder: true }),
  );

  function note({ code }: AuditError): void {
    lastError = { code, at: new Date().toISOString() };
  }

  function engineFailed(thrown: unknown): void {
    const error = isAuditError(thrown) ? thrown : new AuditError('ERR_AUDIT_ENGINE', `The engine "${engine.engine}" failed.`);
    note(error);
    // Reports an outage once, not at every poll.
    if (isReachable) reporter.problem(error);
    isReachable = false;
  }

  async function look(): Promise<void> {
    askedAt = performance.now();
    try {
      await engine.refresh();
      isReachable = true;
      if (engine.waiting() > 0) publisher.wake();
    } catch (thrown) {
      engineFailed(thrown);
    }
    askedAt = undefined;
    if (closing === undefined) timer = setTimeout(() => void look(), poll);
  }
  let timer = setTimeout(() => void look(), 0);

  return {
    stats: () => ({ ...counts, waiting: engine.size().events }),
    health() {
      const { events, setAside } = engine.size();
      const signs = { spool: 'engine', fellBack: false, fill: 0, lost: 0, elsewhere: 0, mismatched: counts.mismatched } as const;
      const health = healthOf({ ...signs, waiting: events, setAside, ...publisher.state(), lastReceipt, lastError });
      const isLate = askedAt !== undefined && performance.now() - askedAt > ANSWER_DUE;
      if (isReachable && !isLate) return { ...health, engine: 'connected' };
      const problems = [...health.problems, 'the engine cannot be reached'];
      return { ...health, problems, status: health.status === 'ok' ? 'degraded' : health.status, engine: 'unreachable' };
    },
    close: () =>
      (closing ??= (async () => {
        clearTimeout(timer);
        const stopped = publisher.stop();
        let late: NodeJS.Timeout | undefined;
        await Promise.race([stopped, new Promise((resolve) => (late = setTimeout(resolve, parsed.closeTimeout)))]);
        clearTimeout(late);
        await transport.close();
        // Closing the engine ends the calls that still wait for it.
        await engine.close();
        await stopped;
      })()),
  };
}

function eventIn(event: SerialisedEvent): AuditEvent {
  return JSON.parse(event.body) as AuditEvent;
}
