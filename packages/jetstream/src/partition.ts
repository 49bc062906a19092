import { createHash } from 'node:crypto';
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type { Cluster } from './link.js';
import { makeConsumer, namesOf, type ReadyOptions } from './streams.js';

/** Waits for what is known to be there, in milliseconds. */
const FETCH_WAIT = 2_000;

/**
 * The part that the events of a process are in.
 *
 * @param instance the process
 * @param partitions how many parts there are
 */
export function partOf(instance: string, partitions: number): number {
  return createHash('sha256').update(instance).digest().readUInt32BE(0) % partitions;
}

/**
 * Fetches what waits in a part, for who has its lease: nobody else has anything of it.
 *
 * @param cluster is asked
 * @param options which stream
 * @param part which part
 * @param limit the most messages
 */
export async function fetchFrom({ client, manager }: Cluster, options: ReadyOptions, part: number, limit: number): Promise<JsMsg[]> {
  const find = (): Promise<Consumer> => client.consumers.get(options.stream, namesOf(options.stream).consumer(part));
  // One that is not there, or gives no answer, is made anew, too.
  let consumer = await find().catch(() => undefined);
  if (!consumer || !(await isWhole(consumer, manager, options.stream, part))) {
    await makeConsumer(manager, options, part);
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

/**
 * Whether a consumer hands out all that waits in its part. What it has handed out was in flight at a relay that is gone, or was lost on its way; and after
 * a node was lost it may know less than the stream (nats-server, issue 4736).
 */
async function isWhole(consumer: Consumer, manager: JetStreamManager, stream: string, part: number): Promise<boolean> {
  const { num_pending, num_ack_pending } = await consumer.info(true);
  if (num_ack_pending > 0 || num_pending > 0) return num_ack_pending === 0;
  const subject = namesOf(stream).subject(part);
  const { state } = await manager.streams.info(stream, { subjects_filter: subject });
  return (state.subjects?.[subject] ?? 0) === 0;
}
