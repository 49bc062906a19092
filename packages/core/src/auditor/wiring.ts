import type { Settings } from '../config/options.js';
import { createSealer, projectKey } from '../event/seal.js';
import { handOver } from '../publish/hand-over.js';
import { createPublisher, type Publisher } from '../publish/publisher.js';
import { publisherOptions } from '../publish/publisher-options.js';
import type { Transport } from '../publish/transport.js';
import { transportTo } from '../retraced/http-transport.js';
import type { CoalescingSpool } from '../spool/spool.js';
import { EventTelemetry } from './event-telemetry.js';
import { identityKeyOf } from './identity-key.js';
import { createIntake, type Intake } from './intake.js';
import { type LifecycleEvents, lifecycleEvents } from './lifecycle-events.js';
import { type OpenSpool, openSpool } from './open-spool.js';

/** Options for handing over to an engine: one call at a time keeps the order, and gathering longer reduces the number of commits on the engine. */
const TO_ENGINE = { concurrency: 1, gather: 500 };

/** The parts of an auditor. */
interface Wiring {
  telemetry: EventTelemetry;
  spool: CoalescingSpool;
  spoolState: Pick<OpenSpool, 'kind' | 'fellBack'>;
  lifecycle: LifecycleEvents;
  transport: Transport;
  publisher: Publisher;
  intake: Intake;
}

/**
 * Connects the parts: the intake appends events to the spool, the publisher sends them through the transport, and both report to telemetry.
 *
 * @param settings settings of the application
 * @param given sends the events instead of the transport that the settings ask for
 * @throws AuditError `ERR_AUDIT_SPOOL` for a required spool that cannot be opened
 */
export function wire(settings: Settings, given: Transport | undefined): Wiring {
  const telemetry = new EventTelemetry(settings, () => spool.size());
  const { spool, instance, ...spoolState } = openSpool(settings, {
    opened: () => publisher.wake(),
    adopted: (events) => telemetry.adopted(events),
    elsewhere: (events) => telemetry.elsewhere(events),
    warned: (error) => telemetry.problem(error),
  });
  const lifecycle = lifecycleEvents(settings, instance);
  const transport = given ?? (settings.engine ? handOver(settings.engine, instance) : transportTo(settings));
  const publisher = createPublisher(spool, transport, telemetry, publisherOptions(settings.publish, settings.engine ? TO_ENGINE : {}));
  const intake = createIntake(
    spool,
    {
      ...settings,
      identityKey: identityKeyOf(settings, spoolState.kind() === 'memory' ? undefined : settings.spool.directory),
      seal: settings.sealKey ? createSealer(projectKey(settings.sealKey, settings.project), instance) : (event) => event,
      gapEvent: settings.lifecycleEvents ? lifecycle.gap : undefined,
    },
    {
      queued(events) {
        telemetry.queued(events);
        publisher.wake();
      },
      coalesced: (source) => telemetry.coalesced(source),
      lost: (event, error) => telemetry.lost(event, error),
      uncomposed: (error) => telemetry.uncomposed(error),
    },
  );
  return { telemetry, spool, spoolState, lifecycle, transport, publisher, intake };
}
