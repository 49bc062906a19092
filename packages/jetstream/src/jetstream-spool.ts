import { randomUUID } from 'node:crypto';
import { AuditError } from '@auditlogin/core';
import {
  createInFlight,
  createSpoolCounter,
  readStored,
  type SerialisedEvent,
  type SharedSpool,
  type StoredEvent,
  type UndeliverableEvent,
} from '@auditlogin/core/engine';
import type { JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { type Lease, takeLease } from './lease.js';
import { type Cluster, ClusterLink } from './link.js';
import { fetchFrom, partitionOf } from './partition.js';
import { type JetStreamOptions, namesOf, readyOptions } from './streams.js';

const INSTANCE = 'Auditlogin-Instance';
const QUEUED_AT = 'Auditlogin-Queued-At';
const REASON = 'Auditlogin-Reason';
const RETRY_WAIT = 250;
/**
 * Creates a spool in NATS JetStream, shared by all processes that use the same stream. {@link initJetStream} creates the streams. An event is stored
 * when the stream's replicas have acknowledged it, and removed when its receipt was checked. The connection is opened on first use and reopened when
 * it breaks.
 *
 * @param options cluster, stream and limits
 */
export function jetStreamSpool(options: JetStreamOptions = {}): SharedSpool {
  const ready = readyOptions(options);
  const { stream, lease: leaseTime, timeout } = ready;
  const names = namesOf(stream);
  const relay = randomUUID();
  const home = randomUUID();
  const counter = createSpoolCounter();
  const inFlight = createInFlight();
  const leases = new Map<string, Lease>();
  /** Partitions with a running request, including requests that have timed out. */
  const asked = new Set<number>();
  const messages = new Map<number, JsMsg>();
  /** Number of waiting events in each partition, as of the last refresh. The partition that was asked last comes last. */
  let pending = new Map<number, number>();
  const link = new ClusterLink(ready);
  let isClosing = false;
  const renewal = setInterval(() => {
    for (const lease of leases.values()) void lease.renew().catch(() => undefined);
  }, leaseTime / 3).unref();

  /**
   * Repeats a request until it succeeds, the spool is closed or the lease is lost. A published event must be acknowledged even if the cluster fails
   * for a moment, or it would be sent again.
   */
  async function askUntilDone(partition: string, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await link.ask(work);
        return;
      } catch (thrown) {
        if (isClosing || leases.get(partition)?.isHeld() === false) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  const isOut = (partition: number): boolean => leases.has(String(partition)) || asked.has(partition);

  /** @returns the partition of the events */
  async function publish(events: readonly SerialisedEvent[], instance: string): Promise<number> {
    const partition = await link.ask(async ({ client, partitions }) => {
      const partition = partitionOf(instance, partitions);
      const sent = events.map((event) => {
        const about = headers();
        about.set(INSTANCE, instance);
        about.set(QUEUED_AT, String(Date.now()));
        return client.publish(names.subject(partition), event.body, { msgID: event.id, headers: about });
      });
      for (const result of await Promise.allSettled(sent)) if (result.status === 'rejected') throw fullOr(result.reason);
      return partition;
    });
    for (const event of events) counter.add(event);
    return partition;
  }

  async function refresh(): Promise<void> {
    await link.ask(async ({ manager }) => {
      const { state } = await manager.streams.info(stream, { subjects_filter: names.subject('*') });
      const found = new Map(Object.entries(state.subjects ?? {}).map(([subject, count]) => [Number(subject.split('.').at(-1)), count]));
      // Partitions are asked in turn. New ones are added from a random position on, so that relays do not all try the same partition first.
      const known = [...pending.keys()];
      const others = [...found.keys()].filter((partition) => !pending.has(partition));
      const start = Math.floor(Math.random() * others.length);
      const turns = [...known, ...others.slice(start), ...others.slice(0, start)];
      pending = new Map(turns.flatMap((partition) => (found.has(partition) ? [[partition, found.get(partition)!]] : [])));
      counter.size.events = state.messages;
      counter.size.bytes = state.bytes;
      counter.size.setAside = (await manager.streams.info(names.aside)).state.messages;
    });
  }

  /**
   * Takes the lease on a partition and fetches its events. If the request has timed out or the lease was lost meanwhile, the events are left to the
   * next request.
   */
  async function take(cluster: Cluster, partition: number, limit: number, late: AbortSignal): Promise<StoredEvent[]> {
    const lease = await takeLease(cluster.leases, partition, relay, leaseTime);
    if (!lease) return [];
    const key = String(partition);
    leases.set(key, lease);
    let taken: JsMsg[] = [];
    try {
      const fetched = await fetchFrom(cluster, ready, partition, limit);
      if (lease.isHeld() && !late.aborted) taken = fetched;
    } finally {
      if (taken.length === 0) await giveBack(key);
    }
    for (const message of taken) messages.set(message.seq, message);
    inFlight.take(
      key,
      taken.map(({ seq }) => seq),
    );
    return taken.map((message) => storedIn(message, lease));
  }

  async function giveBack(partition: string): Promise<void> {
    const lease = leases.get(partition);
    if (!lease) return;
    await askUntilDone(partition, () => lease.giveBack()).catch(() => undefined);
    leases.delete(partition);
  }

  async function letGo(events: readonly UndeliverableEvent[]): Promise<void> {
    for (const { seq } of events) messages.delete(seq);
    for (const partition of inFlight.leave(events.map(({ seq }) => seq))) await giveBack(partition);
  }

  async function letGoOf(manager: JetStreamManager, seq: number): Promise<void> {
    try {
      await manager.streams.deleteMessage(stream, seq, false);
    } catch (thrown) {
      if (!/no message found/i.test(String(thrown))) throw thrown;
    }
  }

  /**
   * Acknowledges an event and waits for the confirmation. If the consumer was lost with its node, nobody confirms; the event is then deleted from the
   * stream.
   */
  async function acknowledge(event: UndeliverableEvent): Promise<void> {
    const message = messages.get(event.seq);
    if (!message) return;
    const partition = message.subject.split('.').at(-1)!;
    leases.get(partition)?.marks.delete(event.seq);
    await askUntilDone(partition, ({ connection, manager }) =>
      connection.request(replyOf(message), '+ACK', { timeout: timeout / 2 }).catch(() => letGoOf(manager, event.seq)),
    );
    counter.remove(event);
  }

  async function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    const message = messages.get(event.seq);
    if (!message) return;
    const partition = message.subject.split('.').at(-1)!;
    const about = headers();
    about.set(INSTANCE, message.headers?.get(INSTANCE) ?? '');
    // A header is limited to one line.
    about.set(REASON, reason.replace(/[\r\n]+/g, ' '));
    await askUntilDone(partition, ({ client }) =>
      client.publish(names.asideSubject(Number(partition)), event.body, { msgID: event.id, headers: about }),
    );
    await acknowledge(event);
    counter.size.setAside += 1;
    await letGo([event]);
  }

  return {
    engine: 'jetstream',
    isDurable: true,
    async append(event) {
      const partition = await publish([event], home);
      pending.set(partition, (pending.get(partition) ?? 0) + 1);
    },
    async appendAll(events, instance) {
      await publish(events, instance);
    },
    refresh,
    async peek(limit) {
      for (const partition of [...pending.keys()]) {
        if (isOut(partition)) continue;
        const count = pending.get(partition)!;
        pending.delete(partition);
        const taken = await link.ask(async (cluster, late) => {
          if (isOut(partition)) return [];
          asked.add(partition);
          return take(cluster, partition, limit, late).finally(() => asked.delete(partition));
        });
        if (taken.length === 0) continue;
        if (count > taken.length) pending.set(partition, count - taken.length);
        const { events, unreadable } = readStored(taken);
        for (const event of unreadable) await deadLetter(event, event.reason);
        if (events.length > 0) return events;
      }
      return [];
    },
    async begin(events) {
      const byPartition = new Map<string, number[]>();
      for (const { seq } of events) {
        const partition = messages.get(seq)?.subject.split('.').at(-1);
        if (partition !== undefined) byPartition.set(partition, [...(byPartition.get(partition) ?? []), seq]);
      }
      for (const [partition, places] of byPartition) await link.ask(() => leases.get(partition)?.begin(places) ?? Promise.resolve());
    },
    async release(events, inDoubt) {
      for (const event of events) {
        const partition = messages.get(event.seq)?.subject.split('.').at(-1);
        if (partition !== undefined && inDoubt) leases.get(partition)?.marks.set(event.seq, { inDoubt, crashes: event.crashes });
        if (partition !== undefined && !pending.has(Number(partition))) pending.set(Number(partition), events.length);
      }
      await letGo(events);
    },
    async settle(settled) {
      const events = settled.map(({ event }) => event);
      // If another relay has taken over the partition, it also has the events, so failures are ignored.
      await Promise.allSettled(events.map((event) => acknowledge(event)));
      await letGo(events);
    },
    deadLetter,
    size: () => ({ ...counter.size }),
    waiting: () => [...pending].reduce((sum, [partition, count]) => (isOut(partition) ? sum : sum + count), 0),
    async close() {
      if (isClosing) return;
      isClosing = true;
      clearInterval(renewal);
      for (const partition of [...leases.keys()]) await giveBack(partition);
      await link.close();
    },
  };
}

function storedIn(message: JsMsg, lease: Lease): StoredEvent {
  const mark = lease.marks.get(message.seq) ?? { inDoubt: false, crashes: 0 };
  return { seq: message.seq, body: message.string(), queuedAt: Number(message.headers?.get(QUEUED_AT)), ...mark };
}

/** The subject that acknowledgements are sent to. The message's own `ackAck()` cannot be repeated after a failure. */
function replyOf(message: JsMsg): string {
  return (message as JsMsg & { readonly reply: string }).reply;
}

function fullOr(thrown: unknown): unknown {
  if (!/maximum messages exceeded/i.test(String(thrown))) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL_FULL', 'The stream is full; it refuses events until some were published.');
}
