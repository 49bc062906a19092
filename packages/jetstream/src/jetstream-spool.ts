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
import { fetchFrom, partOf } from './partition.js';
import { type JetStreamOptions, namesOf, readyOptions } from './streams.js';

const INSTANCE = 'Auditlogin-Instance';
const QUEUED_AT = 'Auditlogin-Queued-At';
const REASON = 'Auditlogin-Reason';
const RETRY_WAIT = 250;
/**
 * A spool in NATS JetStream, shared by all processes that reach it. The streams come from {@link initJetStream}. An event counts as taken when as many nodes have
 * acknowledged it as the stream has replicas; it leaves when its receipt was verified. It connects when it is first used, and again whenever it has to.
 *
 * @param options where it is
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
  /** Parts that are being asked, even if nobody waits for the answer any more. */
  const asked = new Set<number>();
  const messages = new Map<number, JsMsg>();
  /** What waits in each part, as far as is known; the one that was asked last comes last. */
  let pending = new Map<number, number>();
  const link = new ClusterLink(ready);
  let isClosing = false;
  const renewal = setInterval(() => {
    for (const lease of leases.values()) void lease.renew().catch(() => undefined);
  }, leaseTime / 3).unref();

  /** What arrived must not be sent again because the cluster was away for a moment: tried until it is done, or another has the part. */
  async function askUntilDone(part: string, work: (cluster: Cluster) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await link.ask(work);
        return;
      } catch (thrown) {
        if (isClosing || leases.get(part)?.isHeld() === false) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  const isOut = (part: number): boolean => leases.has(String(part)) || asked.has(part);

  /** @returns the part that they are in */
  async function publish(events: readonly SerialisedEvent[], instance: string): Promise<number> {
    const part = await link.ask(async ({ client, partitions }) => {
      const part = partOf(instance, partitions);
      const sent = events.map((event) => {
        const about = headers();
        about.set(INSTANCE, instance);
        about.set(QUEUED_AT, String(Date.now()));
        return client.publish(names.subject(part), event.body, { msgID: event.id, headers: about });
      });
      for (const result of await Promise.allSettled(sent)) if (result.status === 'rejected') throw fullOr(result.reason);
      return part;
    });
    for (const event of events) counter.add(event);
    return part;
  }

  async function refresh(): Promise<void> {
    await link.ask(async ({ manager }) => {
      const { state } = await manager.streams.info(stream, { subjects_filter: names.subject('*') });
      const found = new Map(Object.entries(state.subjects ?? {}).map(([subject, count]) => [Number(subject.split('.').at(-1)), count]));
      // Parts keep their turn, which begins elsewhere in each relay: so they do not all try the same.
      const known = [...pending.keys()];
      const others = [...found.keys()].filter((part) => !pending.has(part));
      const start = Math.floor(Math.random() * others.length);
      const turns = [...known, ...others.slice(start), ...others.slice(0, start)];
      pending = new Map(turns.flatMap((part) => (found.has(part) ? [[part, found.get(part)!]] : [])));
      counter.size.events = state.messages;
      counter.size.bytes = state.bytes;
      counter.size.setAside = (await manager.streams.info(names.aside)).state.messages;
    });
  }

  /** Takes the lease on a part and what waits there. What comes late, or after the lease has ended, is left to the next who asks. */
  async function take(cluster: Cluster, part: number, limit: number, late: AbortSignal): Promise<StoredEvent[]> {
    const lease = await takeLease(cluster.leases, part, relay, leaseTime);
    if (!lease) return [];
    const key = String(part);
    leases.set(key, lease);
    let taken: JsMsg[] = [];
    try {
      const fetched = await fetchFrom(cluster, ready, part, limit);
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

  async function giveBack(part: string): Promise<void> {
    const lease = leases.get(part);
    if (!lease) return;
    await askUntilDone(part, () => lease.giveBack()).catch(() => undefined);
    leases.delete(part);
  }

  async function letGo(events: readonly UndeliverableEvent[]): Promise<void> {
    for (const { seq } of events) messages.delete(seq);
    for (const part of inFlight.leave(events.map(({ seq }) => seq))) await giveBack(part);
  }

  async function letGoOf(manager: JetStreamManager, seq: number): Promise<void> {
    try {
      await manager.streams.deleteMessage(stream, seq, false);
    } catch (thrown) {
      if (!/no message found/i.test(String(thrown))) throw thrown;
    }
  }

  /** Acknowledged, and told that it was: only then is it gone. A consumer that was lost with a node answers nobody; the stream itself lets the event go then. */
  async function acknowledge(event: UndeliverableEvent): Promise<void> {
    const message = messages.get(event.seq);
    if (!message) return;
    const part = message.subject.split('.').at(-1)!;
    leases.get(part)?.marks.delete(event.seq);
    await askUntilDone(part, ({ connection, manager }) =>
      connection.request(replyOf(message), '+ACK', { timeout: timeout / 2 }).catch(() => letGoOf(manager, event.seq)),
    );
    counter.remove(event);
  }

  async function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    const message = messages.get(event.seq);
    if (!message) return;
    const part = message.subject.split('.').at(-1)!;
    const about = headers();
    about.set(INSTANCE, message.headers?.get(INSTANCE) ?? '');
    // A header is a line.
    about.set(REASON, reason.replace(/[\r\n]+/g, ' '));
    await askUntilDone(part, ({ client }) =>
      client.publish(names.asideSubject(Number(part)), event.body, { msgID: event.id, headers: about }),
    );
    await acknowledge(event);
    counter.size.setAside += 1;
    await letGo([event]);
  }

  return {
    engine: 'jetstream',
    isDurable: true,
    async append(event) {
      const part = await publish([event], home);
      pending.set(part, (pending.get(part) ?? 0) + 1);
    },
    async appendAll(events, instance) {
      await publish(events, instance);
    },
    refresh,
    async peek(limit) {
      for (const part of [...pending.keys()]) {
        if (isOut(part)) continue;
        const count = pending.get(part)!;
        pending.delete(part);
        const taken = await link.ask(async (cluster, late) => {
          if (isOut(part)) return [];
          asked.add(part);
          return take(cluster, part, limit, late).finally(() => asked.delete(part));
        });
        if (taken.length === 0) continue;
        if (count > taken.length) pending.set(part, count - taken.length);
        const { events, unreadable } = readStored(taken);
        for (const event of unreadable) await deadLetter(event, event.reason);
        if (events.length > 0) return events;
      }
      return [];
    },
    async begin(events) {
      const byPart = new Map<string, number[]>();
      for (const { seq } of events) {
        const part = messages.get(seq)?.subject.split('.').at(-1);
        if (part !== undefined) byPart.set(part, [...(byPart.get(part) ?? []), seq]);
      }
      for (const [part, places] of byPart) await link.ask(() => leases.get(part)?.begin(places) ?? Promise.resolve());
    },
    async release(events, inDoubt) {
      for (const event of events) {
        const part = messages.get(event.seq)?.subject.split('.').at(-1);
        if (part !== undefined && inDoubt) leases.get(part)?.marks.set(event.seq, { inDoubt, crashes: event.crashes });
        if (part !== undefined && !pending.has(Number(part))) pending.set(Number(part), events.length);
      }
      await letGo(events);
    },
    async settle(settled) {
      const events = settled.map(({ event }) => event);
      // Where another has taken the part over, it has the events, too.
      await Promise.allSettled(events.map((event) => acknowledge(event)));
      await letGo(events);
    },
    deadLetter,
    size: () => ({ ...counter.size }),
    waiting: () => [...pending].reduce((sum, [part, count]) => (isOut(part) ? sum : sum + count), 0),
    async close() {
      if (isClosing) return;
      isClosing = true;
      clearInterval(renewal);
      for (const part of [...leases.keys()]) await giveBack(part);
      await link.close();
    },
  };
}

function storedIn(message: JsMsg, lease: Lease): StoredEvent {
  const mark = lease.marks.get(message.seq) ?? { inDoubt: false, crashes: 0 };
  return { seq: message.seq, body: message.string(), queuedAt: Number(message.headers?.get(QUEUED_AT)), ...mark };
}

/** Where an acknowledgement goes. The message's own `ackAck()` tries once in its life, however that ends. */
function replyOf(message: JsMsg): string {
  return (message as JsMsg & { readonly reply: string }).reply;
}

function fullOr(thrown: unknown): unknown {
  if (!/maximum messages exceeded/i.test(String(thrown))) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL_FULL', 'The stream is full: it takes no more events until some are published.');
}
