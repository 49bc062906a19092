import { randomUUID } from 'node:crypto';
import { createInFlight, type StoredEvent, type UndeliverableEvent } from '@auditlogin/core/engine';
import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { QUEUED_AT } from './headers.js';
import { type Lease, takeLease } from './lease.js';
import type { Cluster, ClusterLink } from './link.js';
import { fetchFrom } from './partition.js';
import type { ReadyOptions } from './streams.js';

const RETRY_WAIT = 250;

/** The messages that this process has fetched and neither acknowledged nor released. It holds a lease on each of their partitions. */
export class HeldMessages {
  private readonly relay = randomUUID();
  private readonly leases = new Map<string, Lease>();
  private readonly messages = new Map<number, JsMsg>();
  private readonly inFlight = createInFlight();
  private readonly renewal: NodeJS.Timeout;
  private isClosing = false;

  constructor(
    private readonly link: ClusterLink,
    private readonly options: ReadyOptions,
  ) {
    this.renewal = setInterval(() => {
      for (const lease of this.leases.values()) void lease.renew().catch(() => undefined);
    }, options.lease / 3).unref();
  }

  hasLease(partition: number): boolean {
    return this.leases.has(String(partition));
  }

  /** Returns the message of an event; undefined if it is not held any more. */
  messageOf({ seq }: UndeliverableEvent): JsMsg | undefined {
    return this.messages.get(seq);
  }

  /**
   * Takes the lease on a partition and fetches its events. If the request has timed out or the lease was lost meanwhile, the events are left to the
   * next request.
   */
  async take(cluster: Cluster, partition: number, limit: number, late: AbortSignal): Promise<StoredEvent[]> {
    const lease = await takeLease(cluster.leases, partition, this.relay, this.options.lease);
    if (!lease) return [];
    const key = String(partition);
    this.leases.set(key, lease);
    let taken: JsMsg[] = [];
    try {
      const fetched = await fetchFrom(cluster, this.options, partition, limit);
      if (lease.isHeld() && !late.aborted) taken = fetched;
    } finally {
      if (taken.length === 0) await this.giveBack(key);
    }
    for (const message of taken) this.messages.set(message.seq, message);
    this.inFlight.take(
      key,
      taken.map(({ seq }) => seq),
    );
    return taken.map((message) => storedIn(message, lease));
  }

  /** Records in the leases which events are being sent. */
  async begin(events: readonly UndeliverableEvent[]): Promise<void> {
    const byPartition = new Map<string, number[]>();
    for (const event of events) {
      const message = this.messageOf(event);
      if (!message) continue;
      const partition = partitionIn(message);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), event.seq]);
    }
    for (const [partition, places] of byPartition)
      await this.link.ask(() => this.leases.get(partition)?.begin(places) ?? Promise.resolve());
  }

  /** Marks an event as in doubt, since the server may have stored it. */
  doubt(event: UndeliverableEvent & { crashes: number }): void {
    const message = this.messageOf(event);
    if (message) this.leases.get(partitionIn(message))?.marks.set(event.seq, { inDoubt: true, crashes: event.crashes });
  }

  /**
   * Acknowledges an event and waits for the confirmation. If the consumer was lost with its node, nobody confirms; the event is then deleted from the
   * stream.
   *
   * @returns whether the event was held
   */
  async acknowledge(event: UndeliverableEvent): Promise<boolean> {
    const message = this.messageOf(event);
    if (!message) return false;
    this.leases.get(partitionIn(message))?.marks.delete(event.seq);
    await this.askUntilDone(message, ({ connection, manager }) =>
      connection
        .request(replyOf(message), '+ACK', { timeout: this.options.timeout / 2 })
        .catch(() => deleteMessage(manager, this.options.stream, event.seq)),
    );
    return true;
  }

  /**
   * Repeats a request until it succeeds, the spool is closed or the lease is lost. A published event must be acknowledged even if the cluster fails
   * for a moment, or it would be sent again.
   */
  askUntilDone(message: JsMsg, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    return this.untilDone(partitionIn(message), work);
  }

  /** Forgets events, and ends the lease on each partition that has no more events here. */
  async letGo(events: readonly UndeliverableEvent[]): Promise<void> {
    for (const { seq } of events) this.messages.delete(seq);
    for (const partition of this.inFlight.leave(events.map(({ seq }) => seq))) await this.giveBack(partition);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    clearInterval(this.renewal);
    for (const partition of [...this.leases.keys()]) await this.giveBack(partition);
  }

  private async untilDone(partition: string, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await this.link.ask(work);
        return;
      } catch (thrown) {
        if (this.isClosing || this.leases.get(partition)?.isHeld() === false) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  private async giveBack(partition: string): Promise<void> {
    const lease = this.leases.get(partition);
    if (!lease) return;
    await this.untilDone(partition, () => lease.giveBack()).catch(() => undefined);
    this.leases.delete(partition);
  }
}

/** Reads the partition of a message from the end of its subject. */
export function partitionIn(message: JsMsg): string {
  return message.subject.split('.').at(-1)!;
}

function storedIn(message: JsMsg, lease: Lease): StoredEvent {
  const mark = lease.marks.get(message.seq) ?? { inDoubt: false, crashes: 0 };
  return { seq: message.seq, body: message.string(), queuedAt: Number(message.headers?.get(QUEUED_AT)), ...mark };
}

/** The subject that acknowledgements are sent to. The message's own `ackAck()` cannot be repeated after a failure. */
function replyOf(message: JsMsg): string {
  return (message as JsMsg & { readonly reply: string }).reply;
}

async function deleteMessage(manager: JetStreamManager, stream: string, seq: number): Promise<void> {
  try {
    await manager.streams.deleteMessage(stream, seq, false);
  } catch (thrown) {
    if (!/no message found/i.test(String(thrown))) throw thrown;
  }
}
