import * as v from 'valibot';
import { AuditError, isAuditError } from '../errors.js';
import type { AuditEvent } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';
import * as option from '../config/option-types.js';
import { auditorEntries, type AuditorOptions, type Connection, readConnection } from '../config/options.js';
import { parseOptions } from '../config/parse-options.js';
import { transportTo } from '../retraced/http-transport.js';
import { createPublisher, publisherOptions } from '../publish/publisher.js';
import type { Transport } from '../publish/transport.js';
import { createReporter } from '../telemetry/reporter.js';
import type { SharedSpool } from '../spool/spool.js';
import { type Health, healthOf } from '../telemetry/health.js';

/** What {@link createRelay} takes: the options of an auditor that concern publishing, and the engine. */
export interface RelayOptions extends Pick<
  AuditorOptions,
  'apiBase' | 'project' | 'token' | 'publish' | 'logger' | 'onReceipt' | 'onDrop' | 'onMismatch' | 'onError'
> {
  /** What it takes events from. */
  engine: SharedSpool;
  /** How often it looks for events while there are none, in milliseconds. @default 250 */
  poll?: number;
  /** How long `close()` waits for what is in flight, in milliseconds. @default 10000 */
  closeTimeout?: number;
}

/** What became of the events that a relay took. */
export interface RelayStats {
  /** Events whose receipt's hash is the hash of what was sent. */
  verified: number;
  /** Events whose receipt's hash is not. */
  mismatched: number;
  /** Events that the server refused, or that grew too old. */
  setAside: number;
  /** Tries that failed and were or will be made again. */
  retries: number;
  /** Events that wait in the engine, of all processes, as far as is known. */
  waiting: number;
}

/** How a relay is. */
export type RelayHealth = Health & {
  /** Whether the engine answered when it was last asked. */
  engine: 'connected' | 'unreachable';
};

/** Takes events from an engine, publishes them, verifies their receipts and settles them. As many as wanted can work side by side. */
export interface Relay {
  stats(): RelayStats;
  health(): RelayHealth;
  /** Takes nothing more, waits for what is in flight (no longer than `closeTimeout`), gives back what is in flight, and closes the engine. */
  close(): Promise<void>;
}

/** How many relays may end while they send an event before it is taken for what ended them: machines end relays, too. */
const SUSPECT_FROM = 3;

const { apiBase, project, token, publish, logger, onReceipt, onDrop, onMismatch, onError, closeTimeout, engine } = auditorEntries;
const relaySchema = option.object({
  ...{ apiBase, project, token, publish, logger, onReceipt, onDrop, onMismatch, onError, closeTimeout },
  engine: engine.wrapped,
  poll: v.optional(option.integer(10, 60_000), 250),
});

/**
 * Creates a relay and starts it.
 *
 * @param options see {@link RelayOptions}; where to publish comes from the environment if it is left out
 * @param parts what takes the place of the usual parts
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN`, `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function createRelay(options: RelayOptions, parts: { transport?: Transport } = {}): Relay {
  const parsed = parseOptions(relaySchema, options);
  const { engine, publish, poll } = parsed;
  const connection: Connection = readConnection(options).connection;
  const reporter = createReporter(parsed);
  const counts = { verified: 0, mismatched: 0, setAside: 0, retries: 0 };
  let isReachable = true;
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
    publisherOptions(publish, { suspectFrom: SUSPECT_FROM }),
  );

  function note({ code }: AuditError): void {
    lastError = { code, at: new Date().toISOString() };
  }

  function engineFailed(thrown: unknown): void {
    const error = isAuditError(thrown) ? thrown : new AuditError('ERR_AUDIT_ENGINE', `The engine "${engine.engine}" failed.`);
    note(error);
    // Once, and not four times a second as long as it lasts.
    if (isReachable) reporter.problem(error);
    isReachable = false;
  }

  async function look(): Promise<void> {
    try {
      await engine.refresh();
      isReachable = true;
      if (engine.waiting() > 0) publisher.wake();
    } catch (thrown) {
      engineFailed(thrown);
    }
    if (closing === undefined) timer = setTimeout(() => void look(), poll);
  }
  let timer = setTimeout(() => void look(), 0);

  return {
    stats: () => ({ ...counts, waiting: engine.size().events }),
    health() {
      const { events, setAside } = engine.size();
      const signs = { spool: 'engine', fellBack: false, fill: 0, lost: 0, mismatched: counts.mismatched } as const;
      const health = healthOf({ ...signs, waiting: events, setAside, breaker: publisher.breaker(), lastReceipt, lastError });
      if (isReachable) return { ...health, engine: 'connected' };
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
        // What still waits for the engine ends with it.
        await engine.close();
        await stopped;
      })()),
  };
}

function eventIn(event: SerialisedEvent): AuditEvent {
  return JSON.parse(event.body) as AuditEvent;
}
