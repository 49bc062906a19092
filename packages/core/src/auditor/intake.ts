import type { Attempt } from '../attempt/attempt.js';
import type { Outcome } from '../attempt/outcome.js';
import { AuditError, isAuditError } from '../errors.js';
import { composeEvent, type ComposeSettings } from '../attempt/compose-event.js';
import type { AuditEvent } from '../event/event.js';
import { composeCoalesced } from '../attempt/coalesced-event.js';
import { eventId } from '../event/id.js';
import { serialise, type SerialisedEvent } from '../event/serialise.js';
import { hasRoomForLoginsOnly, type SpoolBounds } from '../spool/bounds.js';
import type { CoalescingSpool } from '../spool/spool.js';
import { Batcher } from './batcher.js';
import { PendingWork } from './pending-work.js';

/** The settings of an intake. */
export interface IntakeSettings extends ComposeSettings {
  durability: 'after-response' | 'before-response';
  spool: SpoolBounds;
  /** Seals an event. Events are sealed in the order of the spool. */
  seal(event: AuditEvent & { external_id: string }): AuditEvent & { external_id: string };
  /** Composes an event that reports the number of lost events; undefined if such events are not wanted. */
  gapEvent: ((lost: number) => AuditEvent) | undefined;
}

/** Called by an intake. */
export interface IntakeListener {
  queued(events: readonly SerialisedEvent[]): void;
  coalesced(source: string): void;
  lost(event: SerialisedEvent, error: AuditError): void;
  /** An attempt was lost, since its event could not be composed. */
  uncomposed(error: AuditError): void;
}

/** Appends attempts and events to the spool. */
export interface Intake {
  /**
   * Records attempts. The promise never rejects.
   *
   * @returns whether these attempts, and those that were recorded with them, are stored as durably as the spool can
   */
  record(attempts: readonly Attempt[] | Promise<readonly Attempt[]>, decide: (attempt: Attempt) => Outcome): Promise<boolean>;
  /** Appends an event. @returns its id @throws AuditError if it is lost */
  append(event: AuditEvent): Promise<string>;
  /** Replaces counts of coalesced attempts by events. @param before the first minute that is not replaced, in minutes since 1970 */
  replaceCoalesced(before: number): Promise<void>;
  /** Whether events are about to be appended. */
  isBusy(): boolean;
  /** Resolves when every event is in the spool or lost. */
  idle(): Promise<void>;
  /** Stops the intake; later events are lost. */
  close(): void;
}

/** Attempts are gathered and composed together, since composing one between the handlers of requests costs twice as much. */
type Gathered = { attempt: Attempt; decide: (attempt: Attempt) => Outcome };

/** Events that the spool writes together, for which `Spool.append` returned the same promise. */
type Run = { put: Promise<void>; events: SerialisedEvent[] };

/**
 * Creates an intake.
 *
 * @param spool the spool to append to
 * @param settings settings for composing and sealing
 * @param listener called with the result of each event
 */
export function createIntake(spool: CoalescingSpool, settings: IntakeSettings, listener: IntakeListener): Intake {
  return new SpoolIntake(spool, settings, listener);
}

class SpoolIntake implements Intake {
  private readonly pending = new PendingWork();
  private readonly gathered = new Batcher<Gathered, boolean>(
    (all) => this.recordAll(all),
    (recorded) => void this.pending.add(recorded),
  );
  /** Number of events that were lost since the last gap event. */
  private gap = 0;
  private isClosed = false;

  constructor(
    private readonly spool: CoalescingSpool,
    private readonly settings: IntakeSettings,
    private readonly listener: IntakeListener,
  ) {}

  record(attempts: readonly Attempt[] | Promise<readonly Attempt[]>, decide: (attempt: Attempt) => Outcome): Promise<boolean> {
    if (!(attempts instanceof Promise)) return this.recordObserved(attempts, decide);
    const recorded = attempts.then(
      (all) => this.recordObserved(all, decide),
      (thrown: unknown) => {
        this.forget(thrown);
        return false;
      },
    );
    return this.pending.add(recorded);
  }

  append(event: AuditEvent): Promise<string> {
    return this.pending.add(this.put(event, (fixed) => this.spool.append(fixed)));
  }

  replaceCoalesced(before: number): Promise<void> {
    return this.pending.add(this.composeCoalesced(before));
  }

  isBusy(): boolean {
    return !this.pending.isEmpty();
  }

  async idle(): Promise<void> {
    while (!this.pending.isEmpty()) {
      this.gathered.end();
      await this.pending.done();
    }
  }

  close(): void {
    this.isClosed = true;
  }

  private recordObserved(attempts: readonly Attempt[], decide: (attempt: Attempt) => Outcome): Promise<boolean> {
    const all = attempts.map((attempt) => ({ attempt, decide }));
    if (this.settings.durability === 'before-response') return this.pending.add(this.recordAll(all));
    let recorded = Promise.resolve(true);
    for (const one of all) recorded = this.gathered.add(one);
    return recorded;
  }

  /** Composes all attempts in one turn of the event loop. */
  private async recordAll(attempts: readonly Gathered[]): Promise<boolean> {
    const runs: Run[] = [];
    const works: Promise<unknown>[] = [];
    let areSafe = true;
    for (const { attempt, decide } of attempts) {
      try {
        const outcome = decide(attempt);
        const event = composeEvent(attempt, outcome, this.settings);
        if (this.isToBeCoalesced(event, outcome)) works.push(this.coalesce(event, outcome, attempt.startedAt));
        else this.appendTo(runs, attempt, event);
      } catch (thrown) {
        areSafe = false;
        this.forget(thrown);
      }
    }
    for (const run of runs) works.push(this.stored(run));
    for (const { status } of await Promise.allSettled(works)) if (status === 'rejected') areSafe = false;
    return areSafe;
  }

  private appendTo(runs: Run[], attempt: Attempt, event: AuditEvent): void {
    event.external_id = attempt.externalId = eventId(attempt.startedAt);
    const fixed = this.fix(event, attempt.startedAt);
    const put = this.spool.append(fixed);
    const last = runs.at(-1);
    if (last?.put === put) last.events.push(fixed);
    else runs.push({ put, events: [fixed] });
  }

  private async put(event: AuditEvent, put: (event: SerialisedEvent) => Promise<void>): Promise<string> {
    // Attempts that were recorded earlier are appended first.
    this.gathered.end();
    const fixed = this.fix(event, Date.parse(event.created!));
    await this.stored({ put: put(fixed), events: [fixed] });
    return fixed.id;
  }

  /** Seals and serialises an event. It must be appended in the same step, so that the spool has the order of the seals. */
  private fix(event: AuditEvent, at: number): SerialisedEvent {
    event.external_id ??= eventId(at);
    const identified = event as AuditEvent & { external_id: string };
    if (!this.isClosed) return serialise(this.settings.seal(identified));
    const error = new AuditError('ERR_AUDIT_CLOSED', 'The auditor is closed; the event was not queued.');
    this.lose(serialise(identified), error);
    throw error;
  }

  private async stored({ put, events }: Run): Promise<void> {
    try {
      await put;
    } catch (thrown) {
      for (const event of events) this.lose(event, asAuditError(thrown));
      throw thrown;
    }
    this.listener.queued(events);
    if (this.gap === 0 || !this.settings.gapEvent) return;
    const lost = this.gap;
    this.gap = 0;
    await this.put(this.settings.gapEvent(lost), (fixed) => this.spool.append(fixed));
  }

  private lose(event: SerialisedEvent, error: AuditError): void {
    this.gap += 1;
    this.listener.lost(event, error);
  }

  /** Ignores the rejection of an event that was already counted and reported as lost. */
  private forget(thrown: unknown): void {
    const error = asAuditError(thrown);
    if (error.code === 'ERR_AUDIT_CLOSED') return;
    this.gap += 1;
    this.listener.uncomposed(error);
  }

  /** Whether an attempt is only counted: see {@link hasRoomForLoginsOnly}. */
  private isToBeCoalesced(event: AuditEvent, { outcome }: Outcome): boolean {
    if (this.isClosed || (outcome === 'success' && event.action !== 'user.session.refresh')) return false;
    return hasRoomForLoginsOnly(this.spool.size(), this.settings.spool);
  }

  private async coalesce(event: AuditEvent, { outcome }: Outcome, at: number): Promise<void> {
    const source = event.source_ip ?? '';
    try {
      await this.spool.coalesce({ action: event.action, outcome, source }, at);
    } catch (thrown) {
      this.lose(serialise({ ...event, external_id: eventId(at) }), asAuditError(thrown));
      throw thrown;
    }
    this.listener.coalesced(source);
  }

  private async composeCoalesced(before: number): Promise<void> {
    if (this.spool.size().coalesced === 0) return;
    for (const found of await this.spool.coalesced(before)) {
      // While attempts are being coalesced, there is no room for their events.
      if (hasRoomForLoginsOnly(this.spool.size(), this.settings.spool)) return;
      const event = composeCoalesced(found, this.settings);
      await this.put(event, (serialised) => this.spool.replaceCoalesced(found, serialised));
    }
  }
}

/**
 * Converts anything thrown to an AuditError.
 *
 * @param thrown anything that was thrown
 */
export function asAuditError(thrown: unknown): AuditError {
  if (isAuditError(thrown)) return thrown;
  return new AuditError('ERR_AUDIT_EVENT_INVALID', `An event could not be composed: ${thrown instanceof Error ? thrown.name : 'unknown'}.`);
}
