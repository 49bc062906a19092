import { randomUUID } from 'node:crypto';
import { AuditError } from '@auditlogin/core';
import { createSpoolCounter, readStored, type SerialisedEvent, type SharedSpool, type UndeliverableEvent } from '@auditlogin/core/engine';
import { headers } from '@nats-io/transport-node';
import { INSTANCE, QUEUED_AT, REASON } from './headers.js';
import { HeldMessages, partitionIn } from './held-messages.js';
import { ClusterLink } from './link.js';
import { partitionOf } from './partition.js';
import { type JetStreamOptions, namesOf, readyOptions } from './streams.js';
import { Turns } from './turns.js';

/**
 * Creates a spool in NATS JetStream, shared by all processes that use the same stream. {@link initJetStream} creates the streams. An event is stored
 * when the stream's replicas have acknowledged it, and removed when its receipt was checked. The connection is opened on first use and reopened when
 * it breaks.
 *
 * @param options cluster, stream and limits
 */
export function jetStreamSpool(options: JetStreamOptions = {}): SharedSpool {
  const ready = readyOptions(options);
  const names = namesOf(ready.stream);
  const home = randomUUID();
  const counter = createSpoolCounter();
  const link = new ClusterLink(ready);
  const held = new HeldMessages(link, ready);
  const turns = new Turns();
  /** Partitions with a running request, including requests that have timed out. */
  const asked = new Set<number>();
  let isClosing = false;

  const isOut = (partition: number): boolean => held.hasLease(partition) || asked.has(partition);

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
      const { state } = await manager.streams.info(ready.stream, { subjects_filter: names.subject('*') });
      turns.replace(new Map(Object.entries(state.subjects ?? {}).map(([subject, count]) => [Number(subject.split('.').at(-1)), count])));
      counter.size.events = state.messages;
      counter.size.bytes = state.bytes;
      counter.size.setAside = (await manager.streams.info(names.aside)).state.messages;
    });
  }

  async function acknowledge(event: UndeliverableEvent): Promise<void> {
    if (await held.acknowledge(event)) counter.remove(event);
  }

  async function deadLetter(event: UndeliverableEvent, reason: string): Promise<void> {
    const message = held.messageOf(event);
    if (!message) return;
    const about = headers();
    about.set(INSTANCE, message.headers?.get(INSTANCE) ?? '');
    // A header is limited to one line.
    about.set(REASON, reason.replace(/[\r\n]+/g, ' '));
    await held.askUntilDone(message, ({ client }) =>
      client.publish(names.asideSubject(Number(partitionIn(message))), event.body, { msgID: event.id, headers: about }),
    );
    await acknowledge(event);
    counter.size.setAside += 1;
    await held.letGo([event]);
  }

  return {
    engine: 'jetstream',
    isDurable: true,
    async append(event) {
      turns.add(await publish([event], home));
    },
    async appendAll(events, instance) {
      await publish(events, instance);
    },
    refresh,
    async peek(limit) {
      for (const partition of turns.partitions()) {
        if (isOut(partition)) continue;
        const count = turns.take(partition);
        const taken = await link.ask(async (cluster, late) => {
          if (isOut(partition)) return [];
          asked.add(partition);
          return held.take(cluster, partition, limit, late).finally(() => asked.delete(partition));
        });
        if (taken.length === 0) continue;
        if (count > taken.length) turns.put(partition, count - taken.length);
        const { events, unreadable } = readStored(taken);
        for (const event of unreadable) await deadLetter(event, event.reason);
        if (events.length > 0) return events;
      }
      return [];
    },
    begin: (events) => held.begin(events),
    async release(events, inDoubt) {
      for (const event of events) {
        const message = held.messageOf(event);
        if (!message) continue;
        if (inDoubt) held.doubt(event);
        turns.note(Number(partitionIn(message)), events.length);
      }
      await held.letGo(events);
    },
    async settle(settled) {
      const events = settled.map(({ event }) => event);
      // If another relay has taken over the partition, it also has the events, so failures are ignored.
      await Promise.allSettled(events.map((event) => acknowledge(event)));
      await held.letGo(events);
    },
    deadLetter,
    size: () => ({ ...counter.size }),
    waiting: () => turns.total(isOut),
    async close() {
      if (isClosing) return;
      isClosing = true;
      await held.close();
      await link.close();
    },
  };
}

function fullOr(thrown: unknown): unknown {
  if (!/maximum messages exceeded/i.test(String(thrown))) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL_FULL', 'The stream is full; it refuses events until some were published.');
}
