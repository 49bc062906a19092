import type { BackoffBounds } from './retry.js';

/** What to do with events that an earlier call may have stored: send them again, or first search the log for them. */
export type InDoubt = 'resend' | 'reconcile';

/** Options of the publisher. */
export interface PublisherOptions {
  /** The most events in one call. */
  batchSize: number;
  /** The most calls in flight. */
  concurrency: number;
  backoff: BackoffBounds;
  inDoubt: InDoubt;
  /** How long the server takes to index a stored event, in milliseconds. Before that, a search that finds nothing proves nothing. */
  indexLag: number;
  /** The age at which an event is set aside, in milliseconds. */
  maxAge: number;
  /** How long the publisher waits for a batch to fill, in milliseconds. @default 25 */
  gather?: number;
  /** Whether the events of an instance keep their order while calls fail, at the cost of speed. @default false */
  keepsOrder?: boolean;
  /** From this number of crashes on (processes that ended while sending the event), an event is a poison candidate: it is sent alone and last. @default 1 */
  poisonCandidateFrom?: number;
}

/**
 * Makes the publisher's options from the settings.
 *
 * @param publish the settings
 * @param special options that differ from the settings
 */
export function publisherOptions(
  publish: Omit<PublisherOptions, 'backoff'> & { backoffMin: number; backoffMax: number },
  special: Partial<PublisherOptions> = {},
): PublisherOptions {
  return { ...publish, backoff: { min: publish.backoffMin, max: publish.backoffMax }, ...special };
}
