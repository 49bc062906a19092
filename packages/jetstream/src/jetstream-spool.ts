import { createHash, randomUUID } from 'node:crypto';
import { AuditError } from '@auditlogin/core';
import {
  createInFlight,
  createSpoolCounter,
  type SerialisedEvent,
  type SharedSpool,
  spooledEvent,
  type SpooledEvent,
} from '@auditlogin/core/engine';
import { type Consumer, jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { type Lease, takeLease } from './lease.js';
import { checkReplicas, connectTo, engineError, type JetStreamOptions, leasesOf, makeConsumer, namesOf, readyOptions } from './streams.js';

interface Link {
  connection: NatsConnection;
  /** Whether some node is there now. */
  isConnected(): boolean;
  client: JetStreamClient;
  manager: JetStreamManager;
  leases: KV;
  partitions: number;
}

const INSTANCE = 'Auditlogin-Instance';
const QUEUED_AT = 'Auditlogin-Queued-At';
const REASON = 'Auditlogin-Reason';
const RETRY_WAIT = 250;
/** Waits for what is known to be there, in milliseconds. */
const FETCH_WAIT = 2_000;

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
  const held = new Map<string, Lease>();
  /** Parts that are being asked, even if nobody waits for the answer any more. */
  const asked = new Set<number>();
  const messages = new Map<number, JsMsg>();
  /** What waits in each part, as far as is known; the one that was asked last comes last. */
  let pending = new Map<number, number>();
  let link: Promise<Link> | undefined;
  let isClosed = false;
  let isClosing = false;
  const renewal = setInterval(() => {
    for (const lease of held.values()) void lease.renew().catch(() => undefined);
  }, leaseTime / 3).unref();

  async function open(): Promise<Link> {
    const connection = await connectTo(ready);
    try {
      const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
      const partitions = await checkReplicas(manager, ready);
      let isConnected = true;
      void (async () => {
        for await (const { type } of connection.status()) if (/^(?:disconnect|reconnect)$/.test(type)) isConnected = type === 'reconnect';
      })();
      return {
        ...{ connection, isConnected: () => isConnected, client: jetstream(connection, { timeout }) },
        ...{ manager, leases: await leasesOf(connection, ready), partitions },
      };
    } catch (thrown) {
      await connection.close();
      throw thrown;
    }
  }

  /** Asks the cluster; what takes longer than it may is an error, and is not waited for any more. */
  async function ask<T>(work: (link: Link, late: AbortSignal) => Promise<T>): Promise<T> {
    if (isClosed) throw new AuditError('ERR_AUDIT_CLOSED', 'The spool in JetStream is closed.');
    link ??= open();
    const mine = link;
    // One that could not be opened is opened anew the next time.
    mine.catch(() => void (link === mine && (link = undefined)));
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeout);
    const tooLate = new Promise<never>((_, reject) => {
      const error = new AuditError('ERR_AUDIT_ENGINE', `NATS JetStream gave no answer within ${timeout} ms.`);
      late.signal.addEventListener('abort', () => reject(error));
    });
    try {
      const opened = await Promise.race([mine, tooLate]);
      if (!opened.isConnected()) throw new AuditError('ERR_AUDIT_ENGINE', 'NATS JetStream failed: no node can be reached.');
      return await Promise.race([work(opened, late.signal), tooLate]);
    } catch (thrown) {
      throw engineError(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What arrived must not be sent again because the cluster was away for a moment: tried until it is done, or another has the part. */
  async function askUntilDone(part: string, work: (link: Link) => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await ask(work);
        return;
      } catch (thrown) {
        if (isClosing || held.get(part)?.isHeld() === false) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, RETRY_WAIT));
      }
    }
  }

  const isOut = (part: number): boolean => held.has(String(part)) || asked.has(part);

  const partOf = (instance: string, partitions: number): number =>
    createHash('sha256').update(instance).digest().readUInt32BE(0) % partitions;

  async function appendAll(events: readonly SerialisedEvent[], instance: string): Promise<void> {
    await ask(async ({ client, partitions }) => {
      const subject = names.subject(partOf(instance, partitions));
      const sent = events.map((event) => {
        const about = headers();
        about.set(INSTANCE, instance);
        about.set(QUEUED_AT, String(Date.now()));
        return client.publish(subject, event.body, { msgID: event.id, headers: about });
      });
      for (const result of await Promise.allSettled(sent)) if (result.status === 'rejected') throw fullOr(result.reason);
    });
    for (const event of events) counter.add(event);
  }

  async function refresh(): Promise<void> {
    await ask(async ({ manager }) => {
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

  /**
   * Whether a consumer hands out all that waits in its part. What it has handed out was in the hand of a relay that is gone, or was lost on its way; and after
   * a node was lost it may know less than the stream (nats-server, issue 4736).
   */
  async function isWhole(consumer: Consumer, manager: JetStreamManager, part: number): Promise<boolean> {
    const { num_pending, num_ack_pending } = await consumer.info(true);
    if (num_ack_pending > 0 || num_pending > 0) return num_ack_pending === 0;
    const subject = names.subject(part);
    const { state } = await manager.streams.info(stream, { subjects_filter: subject });
    return (state.subjects?.[subject] ?? 0) === 0;
  }

  /** Fetches what waits in a part, for who has its lease: nobody else has anything of it. */
  async function fetchFrom({ client, manager }: Link, part: number, limit: number): Promise<JsMsg[]> {
    const find = (): Promise<Consumer> => client.consumers.get(stream, names.consumer(part));
    // One that is not there, or gives no answer, is made anew, too.
    let consumer = await find().catch(() => undefined);
    if (!consumer || !(await isWhole(consumer, manager, part))) {
      await makeConsumer(manager, ready, part);
      consumer = await find();
    }
    const count = (await consumer.info(true)).num_pending;
    const fetched = new Map<number, JsMsg>();
    if (count > 0) {
      // A consumer whose leader changes may hand out the same twice.
      for await (const message of await consumer.fetch({ max_messages: Math.min(limit, count), expires: FETCH_WAIT }))
        fetched.set(message.seq, message);
    }
    return [...fetched.values()];
  }

  /** Takes the lease on a part and what waits there. What comes late, or after the lease has ended, is left to the next who asks. */
  async function take(opened: Link, part: number, limit: number, late: AbortSignal): Promise<SpooledEvent[]> {
    const lease = await takeLease(opened.leases, part, relay, leaseTime);
    if (!lease) return [];
    const key = String(part);
    held.set(key, lease);
    let taken: JsMsg[] = [];
    try {
      const fetched = await fetchFrom(opened, part, limit);
      if (lease.isHeld() && !late.aborted) taken = fetched;
    } finally {
      if (taken.length === 0) await giveBack(key);
    }
    for (const message of taken) messages.set(message.seq, message);
    inFlight.take(
      key,
      taken.map(({ seq }) => seq),
    );
    return taken.map((message) => eventIn(message, lease));
  }

  async function giveBack(part: string): Promise<void> {
    const lease = held.get(part);
    if (!lease) return;
    await askUntilDone(part, () => lease.giveBack()).catch(() => undefined);
    held.delete(part);
  }

  async function letGo(events: readonly SpooledEvent[]): Promise<void> {
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
  async function acknowledge(event: SpooledEvent): Promise<void> {
    const message = messages.get(event.seq);
    if (!message) return;
    const part = message.subject.split('.').at(-1)!;
    held.get(part)?.marks.delete(event.seq);
    await askUntilDone(part, ({ connection, manager }) =>
      connection.request(replyOf(message), '+ACK', { timeout: timeout / 2 }).catch(() => letGoOf(manager, event.seq)),
    );
    counter.remove(event);
  }

  return {
    engine: 'jetstream',
    isDurable: true,
    append: async (event) => {
      await appendAll([event], home);
      const part = partOf(home, (await link!).partitions);
      pending.set(part, (pending.get(part) ?? 0) + 1);
    },
    appendAll,
    refresh,
    async peek(limit) {
      for (const part of [...pending.keys()]) {
        if (isOut(part)) continue;
        const count = pending.get(part)!;
        pending.delete(part);
        const taken = await ask(async (opened, late) => {
          if (isOut(part)) return [];
          asked.add(part);
          return take(opened, part, limit, late).finally(() => asked.delete(part));
        });
        if (taken.length === 0) continue;
        if (count > taken.length) pending.set(part, count - taken.length);
        return taken;
      }
      return [];
    },
    async begin(events) {
      const byPart = new Map<string, number[]>();
      for (const { seq } of events) {
        const part = messages.get(seq)?.subject.split('.').at(-1);
        if (part !== undefined) byPart.set(part, [...(byPart.get(part) ?? []), seq]);
      }
      for (const [part, places] of byPart) await ask(() => held.get(part)?.begin(places) ?? Promise.resolve());
    },
    async release(events, inDoubt) {
      for (const event of events) {
        const part = messages.get(event.seq)?.subject.split('.').at(-1);
        if (part !== undefined && inDoubt) held.get(part)?.marks.set(event.seq, { inDoubt, crashes: event.crashes });
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
    async setAside(event, reason) {
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
    },
    size: () => ({ ...counter.size }),
    waiting: () => [...pending].reduce((sum, [part, count]) => (isOut(part) ? sum : sum + count), 0),
    async close() {
      if (isClosing) return;
      isClosing = true;
      clearInterval(renewal);
      for (const part of [...held.keys()]) await giveBack(part);
      isClosed = true;
      const opened = await link?.catch(() => undefined);
      await opened?.connection.close();
    },
  };
}

function eventIn(message: JsMsg, lease: Lease): SpooledEvent {
  const mark = lease.marks.get(message.seq) ?? { inDoubt: false, crashes: 0 };
  return spooledEvent({ seq: message.seq, body: message.string(), queuedAt: Number(message.headers?.get(QUEUED_AT)), ...mark });
}

/** Where an acknowledgement goes. The message's own `ackAck()` tries once in its life, however that ends. */
function replyOf(message: JsMsg): string {
  return (message as JsMsg & { readonly reply: string }).reply;
}

function fullOr(thrown: unknown): unknown {
  if (!/maximum messages exceeded/i.test(String(thrown))) return thrown;
  return new AuditError('ERR_AUDIT_SPOOL_FULL', 'The stream is full: it takes no more events until some are published.');
}
