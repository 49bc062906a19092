import type { KV } from '@nats-io/kv';

/** The history of an event that was in flight before. */
interface DeliveryHistory {
  inDoubt: boolean;
  crashes: number;
}

/** The stored form of a lease. */
interface Entry {
  /** The relay that holds the lease; undefined if nobody does. */
  relay?: string;
  /** End of the lease, in milliseconds since 1970. */
  until?: number;
  /** Sequence numbers of the events that are being sent. */
  begun?: number[];
  /** The history of events of this partition, by sequence number. */
  marks: [number, DeliveryHistory][];
}

/** A lease on a partition. */
export interface Lease {
  readonly partition: number;
  readonly marks: Map<number, DeliveryHistory>;
  /** Whether this relay still holds it. */
  isHeld(): boolean;
  /** Records the events that are being sent. */
  begin(places: readonly number[]): Promise<void>;
  renew(): Promise<void>;
  giveBack(): Promise<void>;
}

/**
 * Takes the lease on a partition.
 *
 * @param leases the bucket of the leases
 * @param partition number of the partition
 * @param relay id of the relay
 * @param duration length of the lease, in milliseconds
 * @returns undefined if another relay holds it
 */
export async function takeLease(leases: KV, partition: number, relay: string, duration: number): Promise<Lease | undefined> {
  const key = `partition-${partition}`;
  const found = await leases.get(key);
  const entry: Entry = found && found.operation === 'PUT' ? found.json<Entry>() : { marks: [] };
  if (entry.relay !== undefined && entry.until! > Date.now()) return undefined;
  const marks = new Map(entry.marks);
  for (const place of entry.begun ?? []) marks.set(place, { inDoubt: true, crashes: (marks.get(place)?.crashes ?? 0) + 1 });

  let begun: number[] | undefined;
  let isHeld = true;
  let revision = found?.revision ?? 0;
  const write = async (next: Omit<Entry, 'marks'>): Promise<void> => {
    const text = JSON.stringify({ ...next, marks: [...marks] } satisfies Entry);
    revision = revision === 0 ? await leases.create(key, text) : await leases.update(key, text, revision);
  };
  const hold = (): Promise<void> => write({ relay, until: Date.now() + duration, ...(begun && { begun }) });
  // Writes run one after the other, since each must name the revision of the previous one.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  try {
    await hold();
  } catch (thrown) {
    // Another relay took the lease first.
    if (/wrong last sequence|key exists/i.test(String(thrown))) return undefined;
    throw thrown;
  }
  return {
    partition,
    marks,
    isHeld: () => isHeld,
    begin: (places) =>
      inTurn(() => {
        begun = [...places];
        return hold();
      }),
    renew: () =>
      inTurn(async () => {
        if (!isHeld) return;
        try {
          await hold();
        } catch (thrown) {
          if (/wrong last sequence/i.test(String(thrown))) isHeld = false;
          throw thrown;
        }
      }),
    giveBack: () =>
      inTurn(async () => {
        isHeld = false;
        await write({});
      }),
  };
}
