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
  const found = await leases.get(keyOf(partition));
  const entry: Entry = found && found.operation === 'PUT' ? found.json<Entry>() : { marks: [] };
  if (entry.relay !== undefined && entry.until! > Date.now()) return undefined;
  const lease = new PartitionLease(leases, partition, relay, duration, historiesIn(entry), found?.revision ?? 0);
  try {
    await lease.hold();
  } catch (thrown) {
    // Another relay took the lease first.
    if (/wrong last sequence|key exists/i.test(String(thrown))) return undefined;
    throw thrown;
  }
  return lease;
}

/** The histories of the events of a partition. The relay that held it has ended while it was sending those that were begun. */
function historiesIn({ marks, begun = [] }: Entry): Map<number, DeliveryHistory> {
  const histories = new Map(marks);
  for (const place of begun) histories.set(place, { inDoubt: true, crashes: (histories.get(place)?.crashes ?? 0) + 1 });
  return histories;
}

function keyOf(partition: number): string {
  return `partition-${partition}`;
}

class PartitionLease implements Lease {
  private begun: number[] | undefined;
  private isOurs = true;
  /** The last write. Writes run one after the other, since each must name the revision of the previous one. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly leases: KV,
    readonly partition: number,
    private readonly relay: string,
    private readonly duration: number,
    readonly marks: Map<number, DeliveryHistory>,
    private revision: number,
  ) {}

  isHeld(): boolean {
    return this.isOurs;
  }

  begin(places: readonly number[]): Promise<void> {
    return this.inTurn(() => {
      this.begun = [...places];
      return this.hold();
    });
  }

  renew(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.isOurs) return;
      try {
        await this.hold();
      } catch (thrown) {
        if (/wrong last sequence/i.test(String(thrown))) this.isOurs = false;
        throw thrown;
      }
    });
  }

  giveBack(): Promise<void> {
    return this.inTurn(async () => {
      this.isOurs = false;
      await this.write({});
    });
  }

  /** Takes the lease, or prolongs it. */
  hold(): Promise<void> {
    return this.write({ relay: this.relay, until: Date.now() + this.duration, ...(this.begun && { begun: this.begun }) });
  }

  private async write(next: Omit<Entry, 'marks'>): Promise<void> {
    const key = keyOf(this.partition);
    const text = JSON.stringify({ ...next, marks: [...this.marks] } satisfies Entry);
    this.revision = this.revision === 0 ? await this.leases.create(key, text) : await this.leases.update(key, text, this.revision);
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.last.then(work, work);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
