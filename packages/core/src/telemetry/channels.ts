import { channel } from 'node:diagnostics_channel';

/** What is published on `diagnostics_channel`, by the name behind `auditlogin:`. Without subscribers nothing is made. */
const CHANNELS = {
  /** `{ id }`: an event is in the spool. */
  queued: channel('auditlogin:queued'),
  /** `{ ids }`: an engine took events, for a relay to publish. */
  handedOver: channel('auditlogin:handed-over'),
  /** `{ event, receipt, verdict }`: the server stored it. */
  receipt: channel('auditlogin:receipt'),
  /** `{ event, error }`: an event is lost. */
  drop: channel('auditlogin:drop'),
  /** `{ event, error }`: an event was set aside. */
  setAside: channel('auditlogin:set-aside'),
  /** `{ source }`: of a failed attempt only the number is kept. */
  coalesced: channel('auditlogin:coalesced'),
  /** `{ error, wait, waiting }`: a try failed. */
  retry: channel('auditlogin:retry'),
} as const;

/**
 * Publishes a message, if anybody listens.
 *
 * @param name the channel
 * @param message makes it
 */
export function tell(name: keyof typeof CHANNELS, message: () => object): void {
  const target = CHANNELS[name];
  if (target.hasSubscribers) target.publish(message());
}
