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

/** Attempts gather for so long, in milliseconds, or to so many: between the handlers of requests composing each would cost twice as much. */
const GATHER_TIME = 5;
const GATHER_MOST = 50;

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
  let busy = 0;
  let idlers: (() => void)[] = [];
  let gathered: Gathered[] = [];
  let gathering: { timer: NodeJS.Timeout; recorded: Promise<boolean>; end(recorded: Promise<boolean>): void } | undefined;
  let gap = 0;
  let isClosed = false;

  function joined<T>(work: Promise<T>): Promise<T> {
    busy += 1;
    work.then(leave, leave);
    return work;
  }

  function leave(): void {
    busy -= 1;
    if (busy > 0) return;
    const waiting = idlers;
    idlers = [];
    for (const idler of waiting) idler();
  }

  function lose(event: SerialisedEvent, error: AuditError): void {
    gap += 1;
    listener.lost(event, error);
  }

  /** Sealing and appending are one step: the spool keeps the order of the seals. */
  function fix(event: AuditEvent, at: number): SerialisedEvent {
    event.external_id ??= eventId(at);
    const identified = event as AuditEvent & { external_id: string };
    if (!isClosed) return serialise(settings.seal(identified));
    const error = new AuditError('ERR_AUDIT_CLOSED', 'The auditor is closed; the event was not queued.');
    lose(serialise(identified), error);
    throw error;
  }

  async function stored({ put, events }: Run): Promise<void> {
    try {
      await put;
    } catch (thrown) {
      for (const event of events) lose(event, asAuditError(thrown));
      throw thrown;
    }
    listener.queued(events);
    if (gap === 0 || !settings.gapEvent) return;
    const lost = gap;
    gap = 0;
    await append(settings.gapEvent(lost));
  }

  async function append(event: AuditEvent, put: (event: SerialisedEvent) => Promise<void> = spool.append): Promise<string> {
    // What happened before comes before.
    endGathering();
    const fixed = fix(event, Date.parse(event.created!));
    await stored({ put: put(fixed), events: [fixed] });
    return fixed.id;
  }

  /** In a row, without waiting in between. */
  async function recordAll(attempts: readonly Gathered[]): Promise<boolean> {
    const runs: Run[] = [];
    const works: Promise<unknown>[] = [];
    let areSafe = true;
    for (const { attempt, decide } of attempts) {
      try {
        const event = composeEvent(attempt, decide(attempt), settings);
        if (isFoldable(event)) {
          works.push(coalesce(event, attempt.startedAt));
          continue;
        }
        event.external_id = attempt.externalId = eventId(attempt.startedAt);
        const fixed = fix(event, attempt.startedAt);
        const put = spool.append(fixed);
        const last = runs.at(-1);
        if (last?.put === put) last.events.push(fixed);
        else runs.push({ put, events: [fixed] });
      } catch (thrown) {
        areSafe = false;
        forget(thrown);
      }
    }
    for (const run of runs) works.push(stored(run));
    for (const { status } of await Promise.allSettled(works)) if (status === 'rejected') areSafe = false;
    return areSafe;
  }

  /** What is lost by these names was counted and reported where the event was still at hand. */
  function forget(thrown: unknown): void {
    const error = asAuditError(thrown);
    if (error.code === 'ERR_AUDIT_CLOSED') return;
    gap += 1;
    listener.uncomposed(error);
  }

  function gather(one: Gathered): Promise<boolean> {
    gathered.push(one);
    if (!gathering) {
      let end: (recorded: Promise<boolean>) => void;
      const recorded = joined(new Promise<boolean>((resolve) => (end = resolve)));
      gathering = { timer: setTimeout(endGathering, GATHER_TIME), recorded, end: end! };
    }
    const { recorded } = gathering;
    if (gathered.length === GATHER_MOST) endGathering();
    return recorded;
  }

  function endGathering(): void {
    if (!gathering) return;
    const [{ timer, end }, attempts] = [gathering, gathered];
    gathering = undefined;
    gathered = [];
    clearTimeout(timer);
    end(recordAll(attempts));
  }

  /** A flood of failures must not take the room of a success: half full, only their number is kept. */
  function isFoldable(event: AuditEvent): boolean {
    const isFailure = event.is_failure === true;
    if (!isFailure || isClosed || event.actor !== undefined || !isLoginAction(event.action as never)) return false;
    return isToBeCoalesced({ isFailure }, spool.size(), settings.spool);
  }

  async function coalesce(event: AuditEvent, at: number): Promise<void> {
    const source = event.source_ip ?? '';
    try {
      await spool.coalesce(source, at);
    } catch (thrown) {
      lose(serialise({ ...event, external_id: eventId(at) }), asAuditError(thrown));
      throw thrown;
    }
    listener.coalesced(source);
  }

  async function replaceCoalesced(before: number): Promise<void> {
    if (spool.size().coalesced === 0) return;
    for (const found of await spool.coalesced(before)) {
      // As long as failures are coalesced there is no room for more of them.
      if (isToBeCoalesced({ isFailure: true }, spool.size(), settings.spool)) return;
      const event = composeCoalesced(found, settings);
      await append(event, (serialised) => spool.replaceCoalesced(found, serialised));
    }
  }

  function record(attempts: readonly Attempt[], decide: (attempt: Attempt) => Outcome): Promise<boolean> {
    const all = attempts.map((attempt) => ({ attempt, decide }));
    if (settings.durability === 'before-response') return joined(recordAll(all));
    let recorded = Promise.resolve(true);
    for (const one of all) recorded = gather(one);
    return recorded;
  }

  return {
    record(attempts, decide) {
      if (!(attempts instanceof Promise)) return record(attempts, decide);
      const observed = attempts.then(
        (all) => record(all, decide),
        (thrown: unknown) => {
          forget(thrown);
          return false;
        },
      );
      return joined(observed);
    },
    append: (event) => joined(append(event)),
    replaceCoalesced: (before) => joined(replaceCoalesced(before)),
    isBusy: () => busy > 0,
    async idle() {
      while (busy > 0) {
        endGathering();
        await new Promise<void>((resolve) => idlers.push(resolve));
      }
    },
    close: () => void (isClosed = true),
  };
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
