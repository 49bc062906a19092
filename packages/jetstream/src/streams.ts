import { AuditError } from '@auditlogin/core';
import { AckPolicy, DiscardPolicy, jetstreamManager, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { connect, nanos, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';

/** Options of {@link jetStreamSpool} and {@link initJetStream}. */
export interface JetStreamOptions {
  /** Addresses of the cluster's nodes, as `host:port`. @default 127.0.0.1:4222 */
  servers?: string[];
  /** Other options of the connection: tls, user and password, token, authenticator. */
  connection?: Omit<NodeConnectionOptions, 'servers'>;
  /** Name of the stream, and prefix of the names of its companions. @default AUDITLOGIN */
  stream?: string;
  /**
   * Number of nodes that store each event. A stream with fewer replicas is refused: a node acknowledges an event before it is on disk, so only
   * further nodes make it safe.
   * @default 3
   */
  replicas?: number;
  /** The most events that wait; further events are refused. Set when the stream is created. @default 10000000 */
  maxEvents?: number;
  /** Number of partitions that instances are distributed over. One batch per partition can be in flight. Set when the stream is created. @default 32 */
  partitions?: number;
  /**
   * After this time without a sign of life from a relay, other relays take over its events, in milliseconds. The relays' clocks must differ by less.
   * @default 30000
   */
  lease?: number;
  /** How long a request may take, in milliseconds. @default 10000 */
  timeout?: number;
}

/** The options with all defaults filled in. */
export type ReadyOptions = Required<JetStreamOptions>;

/**
 * Fills in the defaults.
 *
 * @param options the given options
 */
export function readyOptions(options: JetStreamOptions): ReadyOptions {
  return {
    servers: ['127.0.0.1:4222'],
    connection: {},
    stream: 'AUDITLOGIN',
    replicas: 3,
    maxEvents: 10_000_000,
    partitions: 32,
    lease: 30_000,
    timeout: 10_000,
    ...options,
  };
}

/** How long the server recognises an event's id, in milliseconds. It must be longer than an application takes to send an event again. */
const DUPLICATE_WINDOW = 600_000;
/**
 * How long the server waits for an acknowledgement, in milliseconds. It is longer than any lease, since the relay that takes over a partition creates
 * a new consumer.
 */
const ACK_WAIT = 3_600_000;

/** The names of a stream's companions, subjects and consumers. */
export const namesOf = (stream: string) => ({
  aside: `${stream}_SET_ASIDE`,
  leases: `${stream}_LEASES`,
  subject: (partition: number | '*') => `${stream}.event.${partition}`,
  asideSubject: (partition: number | '*') => `${stream}.aside.${partition}`,
  consumer: (partition: number) => `partition-${partition}`,
});

/**
 * Connects to the cluster. A connection that breaks is reopened without a time limit.
 *
 * @param options servers and credentials
 */
export function connectTo({ servers, connection, timeout }: ReadyOptions): Promise<NatsConnection> {
  return connect({
    name: 'auditlogin',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout,
    ...connection,
    servers,
  });
}

/**
 * Creates the stream of events, the stream of events that were set aside, and the bucket of leases. Existing ones are not changed.
 *
 * @param options servers, stream and replicas
 * @throws AuditError `ERR_AUDIT_ENGINE` if the cluster refuses, or if an existing stream has fewer replicas
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
        name: stream,
        subjects: [subject('*')],
        retention: RetentionPolicy.Workqueue,
        ...common,
        max_msgs: maxEvents,
        discard: DiscardPolicy.New,
        description: `partitions=${partitions}`,
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
 * Checks whether a stream has enough replicas.
 *
 * @param manager the manager of the cluster's streams
 * @param options name of the stream and the required replicas
 * @returns the stream's number of partitions
 * @throws AuditError `ERR_AUDIT_ENGINE` if the stream has fewer replicas or does not exist
 */
export async function checkReplicas(manager: JetStreamManager, { stream, replicas }: ReadyOptions): Promise<number> {
  const { config } = await manager.streams.info(stream);
  if (config.num_replicas < replicas) {
    throw new AuditError(
      'ERR_AUDIT_ENGINE',
      `The stream "${stream}" has ${config.num_replicas} replicas; expected ${replicas} or more, since a node acknowledges events before its disk has them. ` +
        'Set "replicas" if fewer are enough.',
    );
  }
  return Number(/partitions=(\d+)/.exec(config.description ?? '')?.[1] ?? 1);
}

/**
 * Creates the consumer of a partition and replaces an existing one. The new one delivers every message that was not acknowledged, in order, even
 * those that the old one has delivered.
 *
 * @param manager the manager of the cluster's streams
 * @param options name and replicas of the stream
 * @param partition number of the partition
 */
export async function makeConsumer(manager: JetStreamManager, { stream, replicas }: ReadyOptions, partition: number): Promise<void> {
  const { subject, consumer } = namesOf(stream);
  const name = consumer(partition);
  await manager.consumers.delete(stream, name).catch(() => undefined);
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: subject(partition),
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ACK_WAIT),
    max_ack_pending: 10_000,
    num_replicas: replicas,
  });
}

/**
 * Opens the bucket of leases.
 *
 * @param connection the connection to the cluster
 * @param options name of the stream
 */
export function leasesOf(connection: NatsConnection, { stream }: ReadyOptions): Promise<KV> {
  return new Kvm(connection).open(namesOf(stream).leases);
}

/** Keeps only the client's message, since other properties may contain credentials. */
export function engineError(thrown: unknown): AuditError {
  if (thrown instanceof AuditError) return thrown;
  const why = thrown instanceof Error ? thrown.message.slice(0, 200) || thrown.name : 'unknown';
  const hint = /stream not found|no responders|bucket/i.test(why) ? ' Run "auditlogin engine init" if the stream was never created.' : '';
  return new AuditError('ERR_AUDIT_ENGINE', `NATS JetStream failed: ${why}.${hint}`);
}
