import type { Attempt } from '../attempt/attempt.js';
import { isLoginAction } from '../attempt/action.js';
import type { Outcome } from '../attempt/outcome.js';
import { AuditError, isAuditError } from '../errors.js';
import { composeEvent, type ComposeSettings } from '../attempt/compose-event.js';
import type { AuditEvent } from '../event/event.js';
import { composeCoalesced } from '../event/coalesced-event.js';
import { eventId } from '../event/id.js';
import { serialise, type SerialisedEvent } from '../event/serialise.js';
import { isToBeCoalesced, type SpoolBounds } from '../spool/bounds.js';
import type { CoalescingSpool } from '../spool/spool.js';
import { Batcher } from './batcher.js';
import { PendingWork } from './pending-work.js';

/** How attempts and events get into the spool. */
export interface IntakeSettings extends ComposeSettings {
  durability: 'after-response' | 'before-response';
  spool: SpoolBounds;
  /** Seals an event, in the order of the spool. */
  seal(event: AuditEvent & { external_id: string }): AuditEvent & { external_id: string };
  /** The event that says how many were lost before it; undefined if nobody wants it. */
  gapEvent: ((lost: number) => AuditEvent) | undefined;
}

/** What an intake tells. */
export interface IntakeListener {
  queued(events: readonly SerialisedEvent[]): void;
  coalesced(source: string): void;
  lost(event: SerialisedEvent, error: AuditError): void;
  /** An attempt is lost that could not be made an event. */
  uncomposed(error: AuditError): void;
}

/** The way into the spool. */
export interface Intake {
  /**
   * Takes an attempt; never rejects.
   *
   * @returns whether it, and what was taken with it, is as safe as the spool makes it
   */
  record(attempts: readonly Attempt[] | Promise<readonly Attempt[]>, decide: (attempt: Attempt) => Outcome): Promise<boolean>;
  /** Takes an event. @returns its id @throws AuditError when it is lost */
  append(event: AuditEvent): Promise<string>;
  /** Makes events of the failures that were coalesced. @param before minutes since 1970 */
  replaceCoalesced(before: number): Promise<void>;
  /** Whether anything is on its way. */
  isBusy(): boolean;
  /** Resolves when all that was taken is in the spool, or lost. */
  idle(): Promise<void>;
  /** From now on what comes is lost. */
  close(): void;
}

/** Attempts gather: composing each between the handlers of requests would cost twice as much. */
type Gathered = { attempt: Attempt; decide: (attempt: Attempt) => Outcome };

/** Events that the spool writes together: `append` gave the same promise for them (see `Spool.append`). */
type Run = { put: Promise<void>; events: SerialisedEvent[] };

/**
 * Creates the way into a spool.
 *
 * @param spool takes the events
 * @param settings what the events are made with
 * @param listener is told what becomes of them
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
  /** How many events were lost since the last one that says so. */
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
    return this.pending.add(this.put(event, this.spool.append));
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

  /** In a row, without waiting in between. */
  private async recordAll(attempts: readonly Gathered[]): Promise<boolean> {
    const runs: Run[] = [];
    const works: Promise<unknown>[] = [];
    let areSafe = true;
    for (const { attempt, decide } of attempts) {
      try {
        const event = composeEvent(attempt, decide(attempt), this.settings);
        if (this.isToBeCoalesced(event)) works.push(this.coalesce(event, attempt.startedAt));
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
    // What happened before comes before.
    this.gathered.end();
    const fixed = this.fix(event, Date.parse(event.created!));
    await this.stored({ put: put(fixed), events: [fixed] });
    return fixed.id;
  }

  /** Sealing and appending are one step: the spool keeps the order of the seals. */
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
    await this.put(this.settings.gapEvent(lost), this.spool.append);
  }

  private lose(event: SerialisedEvent, error: AuditError): void {
    this.gap += 1;
    this.listener.lost(event, error);
  }

  /** An event that was lost as the intake is closed was counted and reported where it was still at hand. */
  private forget(thrown: unknown): void {
    const error = asAuditError(thrown);
    if (error.code === 'ERR_AUDIT_CLOSED') return;
    this.gap += 1;
    this.listener.uncomposed(error);
  }

  /** A flood of failures must not take the room of a success: half full, only their number is kept. */
  private isToBeCoalesced(event: AuditEvent): boolean {
    const isFailure = event.is_failure === true;
    if (!isFailure || this.isClosed || event.actor !== undefined || !isLoginAction(event.action as never)) return false;
    return isToBeCoalesced({ isFailure }, this.spool.size(), this.settings.spool);
  }

  private async coalesce(event: AuditEvent, at: number): Promise<void> {
    const source = event.source_ip ?? '';
    try {
      await this.spool.coalesce(source, at);
    } catch (thrown) {
      this.lose(serialise({ ...event, external_id: eventId(at) }), asAuditError(thrown));
      throw thrown;
    }
    this.listener.coalesced(source);
  }

  private async composeCoalesced(before: number): Promise<void> {
    if (this.spool.size().coalesced === 0) return;
    for (const found of await this.spool.coalesced(before)) {
      // As long as failures are coalesced there is no room for more of them.
      if (isToBeCoalesced({ isFailure: true }, this.spool.size(), this.settings.spool)) return;
      const event = composeCoalesced(found, this.settings);
      await this.put(event, (serialised) => this.spool.replaceCoalesced(found, serialised));
    }
  }
}

/**
 * What was thrown, as an error of ours.
 *
 * @param thrown anything
 */
export function asAuditError(thrown: unknown): AuditError {
  if (isAuditError(thrown)) return thrown;
  return new AuditError('ERR_AUDIT_EVENT_INVALID', `An event could not be made: ${thrown instanceof Error ? thrown.name : 'unknown'}.`);
}
