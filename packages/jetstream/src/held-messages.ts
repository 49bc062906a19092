import { randomUUID } from 'node:crypto';
import { createInFlight, type StoredEvent, type UndeliverableEvent } from '@auditlogin/core/engine';
import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { QUEUED_AT } from './headers.js';
import { type Lease, takeLease } from './lease.js';
import type { Cluster, ClusterLink } from './link.js';
import { fetchFrom } from './partition.js';
import type { ReadyOptions } from './streams.js';

const RETRY_WAIT = 250;

/** The messages that this process has fetched, under leases on their parts, and not yet acknowledged or given back. */
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

  hasLease(part: number): boolean {
    return this.leases.has(String(part));
  }

  /** The message of an event; undefined if it is not held any more. */
  messageOf({ seq }: UndeliverableEvent): JsMsg | undefined {
    return this.messages.get(seq);
  }

  /** Takes the lease on a part and what waits there. What comes late, or after the lease has ended, is left to the next who asks. */
  async take(cluster: Cluster, part: number, limit: number, late: AbortSignal): Promise<StoredEvent[]> {
    const lease = await takeLease(cluster.leases, part, this.relay, this.options.lease);
    if (!lease) return [];
    const key = String(part);
    this.leases.set(key, lease);
    let taken: JsMsg[] = [];
    try {
      const fetched = await fetchFrom(cluster, this.options, part, limit);
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

  /** Writes down in the leases what is being sent. */
  async begin(events: readonly UndeliverableEvent[]): Promise<void> {
    const byPart = new Map<string, number[]>();
    for (const event of events) {
      const message = this.messageOf(event);
      if (!message) continue;
      const part = partIn(message);
      byPart.set(part, [...(byPart.get(part) ?? []), event.seq]);
    }
    for (const [part, places] of byPart) await this.link.ask(() => this.leases.get(part)?.begin(places) ?? Promise.resolve());
  }

  /** Marks an event that the server may have stored. */
  doubt(event: UndeliverableEvent & { crashes: number }): void {
    const message = this.messageOf(event);
    if (message) this.leases.get(partIn(message))?.marks.set(event.seq, { inDoubt: true, crashes: event.crashes });
  }

  /**
   * Acknowledged, and told that it was: only then is it gone. A consumer that was lost with a node answers nobody; the stream itself lets the event go
   * then.
   *
   * @returns whether it was held
   */
  async acknowledge(event: UndeliverableEvent): Promise<boolean> {
    const message = this.messageOf(event);
    if (!message) return false;
    this.leases.get(partIn(message))?.marks.delete(event.seq);
    await this.askUntilDone(message, ({ connection, manager }) =>
      connection
        .request(replyOf(message), '+ACK', { timeout: this.options.timeout / 2 })
        .catch(() => deleteMessage(manager, this.options.stream, event.seq)),
    );
    return true;
  }

  /** What arrived must not be sent again because the cluster was away for a moment: tried until it is done, or another has the part. */
  askUntilDone(message: JsMsg, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    return this.untilDone(partIn(message), work);
  }

  /** Forgets events, and gives back the lease of each part of which none is left. */
  async letGo(events: readonly UndeliverableEvent[]): Promise<void> {
    for (const { seq } of events) this.messages.delete(seq);
    for (const part of this.inFlight.leave(events.map(({ seq }) => seq))) await this.giveBack(part);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    clearInterval(this.renewal);
    for (const part of [...this.leases.keys()]) await this.giveBack(part);
  }

  private async untilDone(part: string, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await this.link.ask(work);
        return;
      } catch (thrown) {
        if (this.isClosing || this.leases.get(part)?.isHeld() === false) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  private async giveBack(part: string): Promise<void> {
    const lease = this.leases.get(part);
    if (!lease) return;
    await this.untilDone(part, () => lease.giveBack()).catch(() => undefined);
    this.leases.delete(part);
  }
}

/** The part that a message is in: its subject ends with it. */
export function partIn(message: JsMsg): string {
  return message.subject.split('.').at(-1)!;
}

function storedIn(message: JsMsg, lease: Lease): StoredEvent {
  const mark = lease.marks.get(message.seq) ?? { inDoubt: false, crashes: 0 };
  return { seq: message.seq, body: message.string(), queuedAt: Number(message.headers?.get(QUEUED_AT)), ...mark };
}

/** Where an acknowledgement goes. The message's own `ackAck()` tries once in its life, however that ends. */
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
