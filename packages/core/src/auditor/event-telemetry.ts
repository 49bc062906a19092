import type { Settings } from '../config/options.js';
import { AuditError } from '../errors.js';
import type { AuditEvent, Receipt } from '../event/event.js';
import type { SerialisedEvent } from '../event/serialise.js';
import type { PublisherState } from '../publish/publisher.js';
import type { PublisherListener } from '../publish/publisher-listener.js';
import type { Verdict } from '../publish/receipt.js';
import type { SpoolSize } from '../spool/spool.js';
import { tell } from '../telemetry/channels.js';
import { type Health, healthOf, type HealthSigns } from '../telemetry/health.js';
import { createReporter, type Reporter } from '../telemetry/reporter.js';
import type { AuditorStats } from '../telemetry/stats.js';
import { asAuditError, type IntakeListener } from './intake.js';

/** The values that telemetry reads from other parts. */
export type KnownElsewhere = Pick<HealthSigns, 'spool' | 'fellBack' | keyof PublisherState>;

/** Counts events by result, and reports results to diagnostics channels, the logger and the application's callbacks. */
export class EventTelemetry implements PublisherListener, IntakeListener {
  private readonly counts = { queued: 0, handedOver: 0, verified: 0, mismatched: 0, lost: 0, coalesced: 0, adopted: 0, retries: 0 };
  private readonly reporter: Reporter;
  private waitingElsewhere = 0;
  private lastReceipt: number | undefined;
  private lastError: Health['lastError'];

  /**
   * @param settings the logger, the callbacks and the bounds of the spool
   * @param size current size of the spool
   */
  constructor(
    private readonly settings: Settings,
    private readonly size: () => SpoolSize,
  ) {
    this.reporter = createReporter(settings);
  }

  adopted(events: number): void {
    this.counts.adopted += events;
  }

  /** Warns when events are found that wait for another address, but not at every look. */
  elsewhere(events: number): void {
    if (events > this.waitingElsewhere) {
      const { directory } = this.settings.spool;
      const text = `${events} events in ${directory} wait for another address of this project: "auditlogin spool move" sends them to this one.`;
      this.problem(new AuditError('ERR_AUDIT_SPOOL', text));
    }
    this.waitingElsewhere = events;
  }

  queued(events: readonly SerialisedEvent[]): void {
    this.counts.queued += events.length;
    for (const { id } of events) tell('queued', () => ({ id }));
  }

  coalesced(source: string): void {
    this.counts.coalesced += 1;
    tell('coalesced', () => ({ source }));
  }

  lost(event: SerialisedEvent, error: AuditError): void {
    this.counts.lost += 1;
    this.note(error);
    tell('drop', () => ({ event: eventIn(event), error }));
    this.reporter.drop(eventIn(event), error, 'lost');
  }

  uncomposed(error: AuditError): void {
    this.counts.lost += 1;
    this.problem(error);
  }

  receipt(event: SerialisedEvent, receipt: Receipt, verdict: Verdict): void {
    this.counts[verdict] += 1;
    this.lastReceipt = Date.now();
    tell('receipt', () => ({ event: eventIn(event), receipt, verdict }));
    // Parsing the event is expensive, so it is skipped if nobody needs the event.
    if (verdict === 'verified' && !this.settings.onReceipt) return;
    this.reporter.receipt({ receipt, verdict, event: eventIn(event) });
  }

  handedOver(events: readonly SerialisedEvent[]): void {
    this.counts.handedOver += events.length;
    tell('handedOver', () => ({ ids: events.map(({ id }) => id) }));
  }

  setAside(event: SerialisedEvent, error: AuditError): void {
    tell('setAside', () => ({ event: eventIn(event), error }));
    this.reporter.drop(eventIn(event), error, 'set aside');
  }

  failed(error: AuditError, wait: number): void {
    this.counts.retries += 1;
    this.note(error);
    tell('retry', () => ({ error, wait, waiting: this.size().events }));
    this.reporter.retry(error, wait, this.size().events);
  }

  broken(thrown: unknown): void {
    this.problem(asAuditError(thrown));
  }

  problem(error: AuditError): void {
    this.note(error);
    this.reporter.problem(error);
  }

  advise(key: string, message: string): void {
    this.reporter.advise(key, message);
  }

  stats(): AuditorStats {
    const { events, setAside } = this.size();
    return { ...this.counts, published: this.counts.verified + this.counts.mismatched, setAside, waiting: events };
  }

  health(known: KnownElsewhere): Health {
    const { events, bytes, setAside } = this.size();
    const { maxEvents, maxBytes } = this.settings.spool;
    return healthOf({
      ...known,
      waiting: events,
      setAside,
      fill: Math.max(events / maxEvents, bytes / maxBytes),
      lastReceipt: this.lastReceipt === undefined ? undefined : new Date(this.lastReceipt).toISOString(),
      lastError: this.lastError,
      lost: this.counts.lost,
      mismatched: this.counts.mismatched,
      elsewhere: this.waitingElsewhere,
    });
  }

  private note({ code }: AuditError): void {
    this.lastError = { code, at: new Date().toISOString() };
  }
}

function eventIn(event: SerialisedEvent): AuditEvent {
  return JSON.parse(event.body) as AuditEvent;
}
