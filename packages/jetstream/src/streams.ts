import { AuditError } from '@auditlogin/core';
import { AckPolicy, DiscardPolicy, jetstreamManager, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, nanos, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';

/** Options of {@link jetStreamSpool} and {@link initJetStream}. */
export interface JetStreamOptions {
  /** Addresses of the cluster's nodes, `host:port`. @default 127.0.0.1:4222 */
  servers?: string[];
  /** What else the connection needs: tls, user and password, token, authenticator. */
  connection?: Omit<NodeConnectionOptions, 'servers'>;
  /** Name of the stream, and beginning of the names beside it. @default AUDITLOGIN */
  stream?: string;
  /**
   * Copies of each event, on as many nodes. A stream with fewer is refused: a node by itself acknowledges before its disk has the event, so only further
   * nodes make it safe.
   * @default 3
   */
  replicas?: number;
  /** The most events that wait before no more are taken; set when the stream is made. @default 10000000 */
  maxEvents?: number;
  /** Parts that events are divided into by process: so many batches can be in flight at once; set when the stream is made. @default 32 */
  partitions?: number;
  /** How long the events of a relay that does not answer any more stay with it, in milliseconds; the relays' clocks must agree better than that. @default 30000 */
  lease?: number;
  /** How long the cluster may take for an answer, in milliseconds. @default 10000 */
  timeout?: number;
}

/** The options with nothing left out. */
export type ReadyOptions = Required<JetStreamOptions>;

/**
 * Fills in what is left out.
 *
 * @param options what was given
 */
export function readyOptions(options: JetStreamOptions): ReadyOptions {
  return {
    ...{ servers: ['127.0.0.1:4222'], connection: {}, stream: 'AUDITLOGIN', replicas: 3, maxEvents: 10_000_000, partitions: 32 },
    ...{ lease: 30_000, timeout: 10_000 },
    ...options,
  };
}

/** How long the server knows an event's id, in milliseconds: longer than an application takes to send it again. */
const DUPLICATE_WINDOW = 600_000;
/** How long a relay may keep an event. Its lease ends sooner: who takes over begins anew at what is not acknowledged. */
const ACK_WAIT = 3_600_000;

/** The names of all that belongs to a stream. */
export const namesOf = (stream: string) => ({
  aside: `${stream}_SET_ASIDE`,
  leases: `${stream}_LEASES`,
  subject: (part: number | '*') => `${stream}.event.${part}`,
  asideSubject: (part: number | '*') => `${stream}.aside.${part}`,
  consumer: (part: number) => `part-${part}`,
});

/**
 * Connects; a connection that breaks is made anew for as long as it takes.
 *
 * @param options where to
 */
export function connectTo({ servers, connection, timeout }: ReadyOptions): Promise<NatsConnection> {
  return connect({
    ...{ name: 'auditlogin', maxReconnectAttempts: -1, reconnectTimeWait: 250, timeout },
    ...connection,
    servers,
  });
}

/**
 * Makes the stream of events, that of the ones set aside, and the leases; what is there already is left as it is.
 *
 * @param options where, and how many replicas
 * @throws AuditError `ERR_AUDIT_ENGINE` when the cluster refuses, or when what is there has fewer replicas
 */
export async function initJetStream(options: JetStreamOptions = {}): Promise<void> {
  const ready = readyOptions(options);
  const { stream, replicas, maxEvents, partitions, timeout } = ready;
  const { aside, leases, subject, asideSubject } = namesOf(stream);
  const connection = await connect({ ...ready.connection, servers: ready.servers, timeout, name: 'auditlogin' }).catch(
    (thrown: unknown) => {
      throw engineError(thrown);
    },
  );
  try {
    const manager = await jetstreamManager(connection, { timeout });
    const common = { storage: StorageType.File, num_replicas: replicas, duplicate_window: nanos(DUPLICATE_WINDOW) };
    const made = [
      {
        ...{ name: stream, subjects: [subject('*')], retention: RetentionPolicy.Workqueue, ...common },
        ...{ max_msgs: maxEvents, discard: DiscardPolicy.New, description: `partitions=${partitions}` },
      },
      { name: aside, subjects: [asideSubject('*')], ...common },
    ];
    for (const config of made) {
      if (await manager.streams.info(config.name).catch(() => undefined)) continue;
      await manager.streams.add(config);
    }
    await new Kvm(connection).create(leases, { replicas, storage: StorageType.File, history: 1 });
    await checkReplicas(manager, ready);
  } catch (thrown) {
    throw engineError(thrown);
  } finally {
    await connection.close();
  }
}

/**
 * Looks whether a stream is as safe as it has to be.
 *
 * @param manager asks
 * @param options which stream, and how many replicas it needs
 * @returns its number of partitions
 * @throws AuditError `ERR_AUDIT_ENGINE` when it has fewer replicas, or is not there
 */
export async function checkReplicas(manager: JetStreamManager, { stream, replicas }: ReadyOptions): Promise<number> {
  const { config } = await manager.streams.info(stream);
  if (config.num_replicas < replicas) {
    throw new AuditError(
      'ERR_AUDIT_ENGINE',
      `The stream "${stream}" has ${config.num_replicas} replicas; expected ${replicas} or more, since a node acknowledges events before its disk has them. ` +
        'Say "replicas" if fewer are enough.',
    );
  }
  return Number(/partitions=(\d+)/.exec(config.description ?? '')?.[1] ?? 1);
}

/**
 * Makes the consumer of a part, which hands its events out in their order: all that are not acknowledged, whatever one before has handed out.
 *
 * @param manager makes it
 * @param options which stream
 * @param part which part
 */
export async function makeConsumer(manager: JetStreamManager, { stream, replicas }: ReadyOptions, part: number): Promise<void> {
  const { subject, consumer } = namesOf(stream);
  const name = consumer(part);
  await manager.consumers.delete(stream, name).catch(() => undefined);
  await manager.consumers.add(stream, {
    ...{ durable_name: name, filter_subject: subject(part), ack_policy: AckPolicy.Explicit },
    ...{ ack_wait: nanos(ACK_WAIT), max_ack_pending: 10_000, num_replicas: replicas },
  });
}

/**
 * The leases on parts.
 *
 * @param connection asks
 * @param options which stream
 */
export function leasesOf(connection: NatsConnection, { stream }: ReadyOptions): Promise<KV> {
  return new Kvm(connection).open(namesOf(stream).leases);
}

/** Of what the client throws only its words: its fields may hold credentials. */
export function engineError(thrown: unknown): AuditError {
  if (thrown instanceof AuditError) return thrown;
  const why = thrown instanceof Error ? thrown.message.slice(0, 200) || thrown.name : 'unknown';
  const hint = /stream not found|no responders|bucket/i.test(why) ? ' Run "auditlogin engine init" if the stream was never made.' : '';
  return new AuditError('ERR_AUDIT_ENGINE', `NATS JetStream failed: ${why}.${hint}`);
}
