import type { KV } from '@nats-io/kv';

/** What is known of an event that was in flight before. */
interface Mark {
  inDoubt: boolean;
  crashes: number;
}

/** What the lease of a part says. */
interface Entry {
  /** Who has it; nobody if it is left out. */
  relay?: string;
  /** Until when, in milliseconds since 1970. */
  until?: number;
  /** The places of the events that are being sent. */
  begun?: number[];
  /** What is known of events of this part, by their places. */
  marks: [number, Mark][];
}

/** The lease on a part, while it is held. */
export interface Lease {
  readonly part: number;
  readonly marks: Map<number, Mark>;
  /** Whether it is still held. */
  isHeld(): boolean;
  /** Writes down what is being sent. */
  begin(places: readonly number[]): Promise<void>;
  renew(): Promise<void>;
  giveBack(): Promise<void>;
}

/**
 * Takes the lease on a part.
 *
 * @param leases where leases are kept
 * @param part which part
 * @param relay who takes it
 * @param duration for how long, in milliseconds
 * @returns undefined if another has it
 */
export async function takeLease(leases: KV, part: number, relay: string, duration: number): Promise<Lease | undefined> {
  const key = `part-${part}`;
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
  // One change at a time: each must know the revision of the one before.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  try {
    await hold();
  } catch (thrown) {
    // Another was faster.
    if (/wrong last sequence|key exists/i.test(String(thrown))) return undefined;
    throw thrown;
  }
  return {
    part,
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
