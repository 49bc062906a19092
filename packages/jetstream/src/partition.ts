import { createHash } from 'node:crypto';
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { Cluster } from './link.js';
import { makeConsumer, namesOf, type ReadyOptions } from './streams.js';

/** How long to wait for messages that the consumer has reported, in milliseconds. */
const FETCH_WAIT = 2_000;

/**
 * Computes the partition that holds the events of an instance.
 *
 * @param instance id of the instance
 * @param partitions number of partitions
 */
export function partitionOf(instance: string, partitions: number): number {
  return createHash('sha256').update(instance).digest().readUInt32BE(0) % partitions;
}

/**
 * Fetches the waiting messages of a partition. The caller must hold its lease, so that no other relay has messages of it.
 *
 * @param cluster the connection to use
 * @param options name and replicas of the stream
 * @param partition number of the partition
 * @param limit the most messages
 */
export async function fetchFrom({ client, manager }: Cluster, options: ReadyOptions, partition: number, limit: number): Promise<JsMsg[]> {
  const find = (): Promise<Consumer> => client.consumers.get(options.stream, namesOf(options.stream).consumer(partition));
  // A consumer that is missing or does not respond is created again, too.
  let consumer = await find().catch(() => undefined);
  if (!consumer || !(await isWhole(consumer, manager, options.stream, partition))) {
    await makeConsumer(manager, options, partition);
    consumer = await find();
  }
  const count = (await consumer.info(true)).num_pending;
  const fetched = new Map<number, JsMsg>();
  if (count > 0) {
    // A consumer whose leader changes may deliver a message twice.
    for await (const message of await consumer.fetch({ max_messages: Math.min(limit, count), expires: FETCH_WAIT }))
      fetched.set(message.seq, message);
  }
  return [...fetched.values()];
}

/**
 * Whether a consumer will deliver every message of its partition in order. It will not if it has delivered messages that were not acknowledged, to a
 * relay that is gone. After the loss of a node it may also know fewer messages than the stream (nats-server, issue 4736).
 */
async function isWhole(consumer: Consumer, manager: JetStreamManager, stream: string, partition: number): Promise<boolean> {
  const { num_pending, num_ack_pending } = await consumer.info(true);
  if (num_ack_pending > 0 || num_pending > 0) return num_ack_pending === 0;
  const subject = namesOf(stream).subject(partition);
  const { state } = await manager.streams.info(stream, { subjects_filter: subject });
  return (state.subjects?.[subject] ?? 0) === 0;
}
