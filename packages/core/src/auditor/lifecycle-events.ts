import type { LIFECYCLE_ACTIONS } from '../attempt/action.js';
import type { Settings } from '../config/options.js';
import type { AuditEvent } from '../event/event.js';
import type { EventInput } from '../event/input.js';
import { normaliseEvent } from '../event/normalise.js';

/** The events that an auditor records about itself. */
export interface LifecycleEvents {
  /** `audit.start`: the audit starts. */
  start(): AuditEvent;
  /** `audit.stop`: the audit stops. */
  stop(): AuditEvent;
  /** `audit.gap`: events were lost. @param lost their number */
  gap(lost: number): AuditEvent;
}

/**
 * Creates the events that an auditor writes about itself.
 *
 * @param settings the application's name and version, and the kind of the spool
 * @param instance instance of the spool
 */
export function lifecycleEvents(settings: Pick<Settings, 'component' | 'version' | 'spool'>, instance: string): LifecycleEvents {
  type Action = (typeof LIFECYCLE_ACTIONS)[number];
  function event(action: Action, isFailure: boolean, description: string, fields: Record<string, string | number> = {}): AuditEvent {
    const about = { action, is_failure: isFailure, is_anonymous: true, description };
    return applicationEvent({ ...about, crud: 'c', fields: { instance, pid: process.pid, ...fields } }, settings);
  }
  return {
    start: () => event('audit.start', false, 'The audit starts', { node: process.version, spool: settings.spool.kind }),
    stop: () => event('audit.stop', false, 'The audit stops'),
    gap: (lost) => event('audit.gap', true, `${lost} events were lost before this one`, { lost }),
  };
}

/**
 * Completes an event that does not come from a request. It gets the application's name and version, unless it has its own.
 *
 * @param input the event
 * @param settings the application's name and version
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID`
 */
export function applicationEvent(input: EventInput, settings: Pick<Settings, 'component' | 'version'>): AuditEvent {
  const event = normaliseEvent(input);
  const { component = settings.component, version = settings.version } = event;
  return { ...event, ...(component !== undefined && { component }), ...(version !== undefined && { version }) };
}
