import { channel } from 'node:diagnostics_channel';

/** The channels of `diagnostics_channel` by their name after `auditlogin:`. A message is created only if a channel has subscribers. */
const CHANNELS = {
  /** `{ id }`: an event is in the spool. */
  queued: channel('auditlogin:queued'),
  /** `{ ids }`: an engine accepted events, which a relay will publish. */
  handedOver: channel('auditlogin:handed-over'),
  /** `{ event, receipt, verdict }`: the server stored an event. */
  receipt: channel('auditlogin:receipt'),
  /** `{ event, error }`: an event is lost. */
  drop: channel('auditlogin:drop'),
  /** `{ event, error }`: an event was set aside. */
  setAside: channel('auditlogin:set-aside'),
  /** `{ source }`: a failed attempt was counted instead of stored. */
  coalesced: channel('auditlogin:coalesced'),
  /** `{ error, wait, waiting }`: a call failed and will be repeated after `wait` milliseconds. */
  retry: channel('auditlogin:retry'),
} as const;

/**
 * Publishes a message if the channel has subscribers.
 *
 * @param name the channel
 * @param message creates the message
 */
export function tell(name: keyof typeof CHANNELS, message: () => object): void {
  const target = CHANNELS[name];
  if (target.hasSubscribers) target.publish(message());
}
