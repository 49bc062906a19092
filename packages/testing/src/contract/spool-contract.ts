import assert from 'node:assert/strict';
import {
  type CoalescedAttempts,
  type CoalescingSpool,
  serialise,
  type SerialisedEvent,
  type SharedSpool,
  type Spool,
  type SpooledEvent,
} from '@auditlogin/core/engine';
import { normaliseEvent } from '@auditlogin/core/log';
import type { ContractTest } from './contract-test.js';

/** Opens spools for {@link spoolContract}. */
export interface SpoolUnderContract {
  /** Opens an empty spool with room for ten events. */
  open(): Promise<Spool> | Spool;
  /** Whether further events of an instance are handed out only when none of its events are in flight, as in a shared spool. @default false */
  isOneBatchAtATime?: boolean;
}

/** Opens shared spools for {@link sharedSpoolContract}. */
export interface SharedSpoolUnderContract {
  /** Empties the engine; runs before each test. */
  reset(): Promise<void>;
  /** Opens another spool on the same engine, with a lease of about a second. */
  open(): Promise<SharedSpool> | SharedSpool;
  /**
   * Takes events in another process and kills it while they are in flight.
   *
   * @param limit number of events
   * @returns ids of the events
   */
  takeAndDie(limit: number): Promise<string[]>;
  /**
   * Stores a body in the engine, bypassing the spool.
   *
   * @param body a text that is not an event
   * @param instance id of the instance it belongs to
   */
  putRaw(body: string, instance: string): Promise<void>;
}

/**
 * Creates an event for a spool.
 *
 * @param id the event's `external_id`
 */
export function spoolEvent(id: string): SerialisedEvent {
  return serialise({ ...normaliseEvent({ action: 'user.login', actor: { id: 'u' }, created: 0 }), external_id: id });
}

/**
 * Settles events with receipts, as if the server had stored them.
 *
 * @param spool the spool that has handed them out
 * @param events the events
 */
export function settle(spool: Spool, events: readonly SpooledEvent[]): Promise<void> {
  return spool.settle(events.map((event) => ({ event, receipt: { id: `r-${event.id}`, hash: 'f'.repeat(64) }, isVerified: true })));
}

const ids = (events: readonly SerialisedEvent[]): string[] => events.map(({ id }) => id);
const isSpoolFull = (thrown: unknown): boolean => (thrown as { code?: unknown }).code === 'ERR_AUDIT_SPOOL_FULL';

async function append(spool: Spool, ...names: string[]): Promise<void> {
  for (const id of names) await spool.append(spoolEvent(id));
}

async function withSpool<S extends Spool>(open: () => Promise<S> | S, test: (spool: S) => Promise<void>): Promise<void> {
  const spool = await open();
  try {
    await test(spool);
  } finally {
    await spool.close();
  }
}

/**
 * The tests that every spool must pass.
 *
 * @param subject opens spools
 */
export function spoolContract({ open, isOneBatchAtATime = false }: SpoolUnderContract): ContractTest[] {
  const test = (name: string, body: (spool: Spool) => Promise<void>): ContractTest => ({ name, run: () => withSpool(open, body) });
  return [
    test('hands out the oldest events first, each to one caller only, and stores them until they are settled', async (spool) => {
      await append(spool, 'a', 'b', 'c');
      const first = await spool.peek(2);
      assert.deepEqual(ids(first), ['a', 'b']);
      if (isOneBatchAtATime) {
        assert.deepEqual(ids(await spool.peek(2)), []);
        await settle(spool, first);
      }
      assert.deepEqual(ids(await spool.peek(2)), ['c']);
      assert.deepEqual(ids(await spool.peek(2)), []);
      assert.deepEqual([spool.size().events, spool.waiting()], [isOneBatchAtATime ? 1 : 3, 0]);
    }),

    test('hands out released events before all others', async (spool) => {
      await append(spool, 'a', 'b', 'c');
      await spool.release(await spool.peek(2), false);
      assert.deepEqual(ids(await spool.peek(5)), ['a', 'b', 'c']);
    }),

    test('removes events that are settled or set aside, and no others', async (spool) => {
      await append(spool, 'a', 'b', 'c');
      const [a, b, c] = await spool.peek(3);
      await settle(spool, [a!]);
      await spool.deadLetter(b!, 'poison');
      await spool.release([c!], false);
      assert.deepEqual(spool.size(), { events: 1, bytes: c!.bytes, coalesced: 0, setAside: 1 });
      assert.deepEqual(ids(await spool.peek(5)), ['c']);
    }),

    test('hands out events byte for byte as they were appended', async (spool) => {
      const event = spoolEvent('\u{1F600}"\\');
      await spool.append(event);
      const taken = await spool.peek(1);
      assert.equal(taken.length, 1);
      const { seq, queuedAt, ...rest } = taken[0]!;
      assert.deepEqual([typeof seq, typeof queuedAt], ['number', 'number']);
      assert.deepEqual(rest, { ...event, inDoubt: false, crashes: 0 });
    }),

    test('refuses events when it is full, loses none of the others, and accepts events again when there is room', async (spool) => {
      await append(spool, ...'0123456789');
      await assert.rejects(spool.append(spoolEvent('x')), isSpoolFull);
      const [first] = await spool.peek(1);
      await assert.rejects(spool.append(spoolEvent('x')), isSpoolFull);
      await settle(spool, [first!]);
      await append(spool, 'x');
      assert.deepEqual(ids(await spool.peek(20)), [...'123456789', 'x']);
    }),

    test('marks a released event as in doubt if the server may have stored it', async (spool) => {
      await append(spool, 'a', 'b');
      const [a] = await spool.peek(1);
      await spool.begin([a!]);
      await spool.release([a!], true);
      assert.deepEqual(
        (await spool.peek(2)).map(({ id, inDoubt }) => [id, inDoubt]),
        [
          ['a', true],
          ['b', false],
        ],
      );
    }),
  ];
}

const FAILED = { action: 'user.login', outcome: 'failure', source: 'a' };

const nameOf = ({ source, action, outcome }: CoalescedAttempts): string => `${source} ${action} ${outcome}`;

async function countsBefore(spool: CoalescingSpool, minute: number): Promise<CoalescedAttempts[]> {
  // Copies the objects: under Jest, messages from a worker have the prototypes of another realm, which a strict comparison distinguishes.
  const counts = Array.from(await spool.coalesced(minute), (found) => ({ ...found }));
  return counts.sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
}

/**
 * Further tests for a spool of one process, which coalesces attempts.
 *
 * @param open opens an empty spool
 */
export function coalescingContract(open: () => Promise<CoalescingSpool> | CoalescingSpool): ContractTest[] {
  const test = (name: string, body: (spool: CoalescingSpool) => Promise<void>): ContractTest => ({
    name,
    run: () => withSpool(open, body),
  });
  return [
    test('counts coalesced attempts by kind and minute, and replaces a count by an event', async (spool) => {
      for (const [kind, at] of [
        [FAILED, 60_000],
        [FAILED, 61_000],
        [{ ...FAILED, source: 'b' }, 62_000],
        [{ ...FAILED, source: 'c', outcome: 'challenge' }, 62_000],
        [{ ...FAILED, source: 'c', action: 'user.session.refresh' }, 62_000],
        [FAILED, 125_000],
      ] as const) {
        await spool.coalesce(kind, at);
      }
      const coalesced = await countsBefore(spool, 2);
      const once = { minute: 1, count: 1, first: 62_000, last: 62_000 };
      assert.deepEqual(coalesced, [
        { ...FAILED, minute: 1, count: 2, first: 60_000, last: 61_000 },
        { ...FAILED, source: 'b', ...once },
        { ...FAILED, source: 'c', outcome: 'challenge', ...once },
        { ...FAILED, source: 'c', action: 'user.session.refresh', ...once },
      ]);
      // An attempt that arrives while the event is composed stays for the next event.
      await spool.coalesce(FAILED, 63_000);
      await spool.replaceCoalesced(coalesced[0]!, spoolEvent('f'));
      assert.deepEqual([spool.size().events, spool.size().coalesced], [1, 5]);
      assert.deepEqual(
        (await countsBefore(spool, 2)).map(({ source, count }) => [source, count]),
        [
          ['a', 1],
          ['b', 1],
          ['c', 1],
          ['c', 1],
        ],
      );
      assert.deepEqual(ids(await spool.peek(5)), ['f']);
    }),

    test('counts a thousand sources a minute separately, and further sources together', async (spool) => {
      for (let index = 0; index < 1_500; index += 1) await spool.coalesce({ ...FAILED, source: `s${index}` }, 5);
      const coalesced = await spool.coalesced(1);
      assert.ok(coalesced.length <= 1_001, `${coalesced.length} sources`);
      assert.equal(
        coalesced.reduce((sum, { count }) => sum + count, 0),
        1_500,
      );
    }),
  ];
}

const named = (prefix: string, count: number): SerialisedEvent[] =>
  Array.from({ length: count }, (_, index) => spoolEvent(`${prefix}${String(index).padStart(3, '0')}`));

/** Refreshes and peeks until there are events, since released events may take a moment to be visible. */
async function take(spool: SharedSpool, limit: number): Promise<SpooledEvent[]> {
  for (const due = Date.now() + 15_000; ;) {
    await spool.refresh();
    const taken = await spool.peek(limit);
    if (taken.length > 0 || Date.now() > due) return taken;
    await pause(50);
  }
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Further tests for a spool that several processes share.
 *
 * @param subject opens spools
 */
export function sharedSpoolContract({ reset, open, takeAndDie, putRaw }: SharedSpoolUnderContract): ContractTest[] {
  type Another = () => Promise<SharedSpool>;
  const test = (name: string, body: (another: Another) => Promise<void>, timeout?: number): ContractTest => ({
    name,
    async run() {
      const opened: SharedSpool[] = [];
      await reset();
      try {
        await body(async () => {
          const spool = await open();
          opened.push(spool);
          return spool;
        });
      } finally {
        for (const spool of opened) await spool.close();
      }
    },
    ...(timeout !== undefined && { timeout }),
  });
  return [
    test('hands events that one process appended to another, and stores an id only once', async (another) => {
      const [application, relay] = [await another(), await another()];
      await application.appendAll(named('a', 3), 'one');
      await application.appendAll(named('a', 4), 'one');
      await relay.refresh();
      assert.equal(relay.size().events, 4);
      const taken = await take(relay, 50);
      assert.deepEqual(ids(taken), ['a000', 'a001', 'a002', 'a003']);
      await settle(relay, taken);
      await relay.refresh();
      assert.deepEqual([relay.size().events, relay.size().setAside], [0, 0]);
    }),

    test('hands out the events of an instance in order, to one relay at a time', async (another) => {
      const [application, ...relays] = [await another(), await another(), await another()];
      for (const instance of ['one', 'two', 'three']) await application.appendAll(named(instance, 40), instance);
      const got: string[] = [];
      const relayOf = new Map<string, number>();
      const instanceOf = (id: string): string => id.replace(/\d+$/, '');
      await Promise.all(
        relays.map(async (relay, number) => {
          for (let dry = 0; got.length < 120 && dry < 300;) {
            await relay.refresh();
            const taken = await relay.peek(10);
            dry = taken.length === 0 ? dry + 1 : 0;
            for (const { id } of taken) {
              assert.equal(relayOf.get(instanceOf(id)) ?? number, number);
              relayOf.set(instanceOf(id), number);
            }
            await pause(5);
            got.push(...ids(taken));
            for (const { id } of taken) relayOf.delete(instanceOf(id));
            await settle(relay, taken);
          }
        }),
      );
      for (const instance of ['one', 'two', 'three']) {
        assert.deepEqual(
          got.filter((id) => instanceOf(id) === instance),
          ids(named(instance, 40)),
        );
      }
    }),

    test('does not let an instance with many events delay an instance with one', async (another) => {
      const [application, relay] = [await another(), await another()];
      await application.appendAll(named('loud', 200), 'loud');
      await application.appendAll(named('quiet', 1), 'quiet');
      const first = await take(relay, 50);
      const second = first.some(({ id }) => id.startsWith('quiet')) ? [] : await take(relay, 50);
      assert.ok([...ids(first), ...ids(second)].includes('quiet000'));
    }),

    test('sets aside a body that cannot be read, and hands out the events before and after it', async (another) => {
      const [application, relay] = [await another(), await another()];
      await application.appendAll(named('a', 2), 'one');
      for (const body of ['{"action":"user.lo', '["no event"]', '{"external_id":7}']) await putRaw(body, 'one');
      await application.appendAll(named('b', 2), 'one');
      const got: string[] = [];
      for (const due = Date.now() + 15_000; (got.length < 4 || relay.size().setAside < 3) && Date.now() < due; await pause(50)) {
        await relay.refresh();
        const taken = await relay.peek(50);
        got.push(...ids(taken));
        await settle(relay, taken);
      }
      await relay.refresh();
      assert.deepEqual(got.toSorted(), ['a000', 'a001', 'b000', 'b001']);
      assert.deepEqual([relay.size().events, relay.size().setAside, relay.waiting()], [0, 3, 0]);
    }),

    test('hands the events of a killed relay to another one, in doubt and with the crash counted', async (another) => {
      const [application, relay] = [await another(), await another()];
      await application.appendAll(named('a', 3), 'one');
      assert.deepEqual(await takeAndDie(2), ['a000', 'a001']);
      const taken = await take(relay, 50);
      assert.deepEqual(
        taken.map(({ id, inDoubt, crashes }) => [id, inDoubt, crashes]),
        [
          ['a000', true, 1],
          ['a001', true, 1],
          ['a002', false, 0],
        ],
      );
      await settle(relay, taken);
    }, 60_000),
  ];
}
