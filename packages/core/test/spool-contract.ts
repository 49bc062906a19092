import { type CoalescingSpool, serialise, type SerialisedEvent, type SharedSpool, type Spool, type SpooledEvent } from '../src/engine.js';
import { normaliseEvent } from '../src/log.js';

/** An event with the given id. */
export function spoolEvent(id: string, isFailure = false): SerialisedEvent {
  return serialise({ ...normaliseEvent({ action: 'user.login', actor: { id: 'u' }, created: 0, is_failure: isFailure }), external_id: id });
}

/** Settles events, as if the server had stored them. */
export function settle(spool: Spool, events: readonly SpooledEvent[]): Promise<void> {
  return spool.settle(events.map((event) => ({ event, receipt: { id: `r-${event.id}`, hash: 'f'.repeat(64) }, isVerified: true })));
}

const ids = (events: readonly SerialisedEvent[]): string[] => events.map(({ id }) => id);

/**
 * What every spool must hold, whatever it is made of.
 *
 * @param name the spool
 * @param open opens one that takes ten events
 * @param isOnePartAtATime whether nothing more is handed out of what a process appended until all that was is done
 */
export function spoolContract(name: string, open: () => Promise<Spool> | Spool, isOnePartAtATime = false): void {
  describe(`the spool contract: ${name}`, () => {
    let spool: Spool;
    beforeEach(async () => (spool = await open()));
    afterEach(() => spool.close());

    const append = async (...names: string[]): Promise<void> => {
      for (const id of names) await spool.append(spoolEvent(id));
    };

    test('hands out the oldest first, each to one only, and keeps them until they are settled', async () => {
      await append('a', 'b', 'c');
      const first = await spool.peek(2);
      expect(ids(first)).toEqual(['a', 'b']);
      if (isOnePartAtATime) {
        expect(ids(await spool.peek(2))).toEqual([]);
        await settle(spool, first);
      }
      expect(ids(await spool.peek(2))).toEqual(['c']);
      expect(ids(await spool.peek(2))).toEqual([]);
      expect([spool.size().events, spool.waiting()]).toEqual([isOnePartAtATime ? 1 : 3, 0]);
    });

    test('what is released is the oldest again', async () => {
      await append('a', 'b', 'c');
      const taken = await spool.peek(2);
      await spool.release(taken, false);
      expect(ids(await spool.peek(5))).toEqual(['a', 'b', 'c']);
    });

    test('what is settled or set aside is gone, the rest is not', async () => {
      await append('a', 'b', 'c');
      const [a, b, c] = await spool.peek(3);
      await settle(spool, [a!]);
      await spool.setAside(b!, 'poison');
      await spool.release([c!], false);
      expect(spool.size()).toEqual({ events: 1, bytes: c!.bytes, failures: 0, coalesced: 0, setAside: 1 });
      expect(ids(await spool.peek(5))).toEqual(['c']);
    });

    test('what it hands out is to the byte what it took', async () => {
      const event = spoolEvent('\u{1F600}"\\');
      await spool.append(event);
      expect(await spool.peek(1)).toEqual([
        { ...event, seq: expect.any(Number), queuedAt: expect.any(Number), inDoubt: false, crashes: 0 },
      ]);
    });

    test('when it is full it says so and keeps what it has; room that is made can be used', async () => {
      await append(...'0123456789');
      await expect(spool.append(spoolEvent('x'))).rejects.toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
      const [first] = await spool.peek(1);
      await expect(spool.append(spoolEvent('x'))).rejects.toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
      await settle(spool, [first!]);
      await append('x');
      expect(ids(await spool.peek(20))).toEqual([...'123456789', 'x']);
    });

    test('an event that may have been stored says so when it is handed out again', async () => {
      await append('a', 'b');
      const [a] = await spool.peek(1);
      await spool.begin([a!]);
      await spool.release([a!], true);
      expect((await spool.peek(2)).map(({ id, inDoubt }) => [id, inDoubt])).toEqual([
        ['a', true],
        ['b', false],
      ]);
    });

    test('failures are counted apart', async () => {
      await spool.append(spoolEvent('ok'));
      await spool.append(spoolEvent('no', true));
      expect(spool.size()).toMatchObject({ events: 2, failures: 1 });
      const events = await spool.peek(2);
      await settle(spool, events);
      expect(spool.size()).toMatchObject({ events: 0, bytes: 0, failures: 0 });
    });
  });
}

/**
 * What every spool of one process must hold beside {@link spoolContract}: it coalesced.
 *
 * @param name the spool
 * @param open opens one
 */
export function foldingContract(name: string, open: () => Promise<CoalescingSpool> | CoalescingSpool): void {
  describe(`the contract of folding: ${name}`, () => {
    let spool: CoalescingSpool;
    beforeEach(async () => (spool = await open()));
    afterEach(() => spool.close());

    test('coalesced keep the number by source and minute, and give way to an event', async () => {
      for (const [source, at] of [
        ['a', 60_000],
        ['a', 61_000],
        ['b', 62_000],
        ['a', 125_000],
      ] as const) {
        await spool.coalesce(source, at);
      }
      const coalesced = await spool.coalesced(2);
      expect(coalesced).toEqual(
        expect.arrayContaining([
          { source: 'a', minute: 1, count: 2, first: 60_000, last: 61_000 },
          { source: 'b', minute: 1, count: 1, first: 62_000, last: 62_000 },
        ]),
      );
      expect(coalesced).toHaveLength(2);
      const [first] = coalesced.filter(({ source }) => source === 'a');
      // One more comes while the event is made: it stays for the next.
      await spool.coalesce('a', 63_000);
      await spool.replaceCoalesced(first!, spoolEvent('f', true));
      expect(spool.size()).toMatchObject({ events: 1, coalesced: 3 });
      expect(await spool.coalesced(2)).toEqual(expect.arrayContaining([expect.objectContaining({ source: 'a', minute: 1, count: 1 })]));
      expect(ids(await spool.peek(5))).toEqual(['f']);
    });

    test('of a thousand sources a minute each is told apart, of more only their number is kept', async () => {
      for (let index = 0; index < 1_500; index += 1) await spool.coalesce(`s${index}`, 5);
      const coalesced = await spool.coalesced(1);
      expect(coalesced.length).toBeLessThanOrEqual(1_001);
      expect(coalesced.reduce((sum, { count }) => sum + count, 0)).toBe(1_500);
    });
  });
}

/**
 * What every spool must hold that processes share.
 *
 * @param name the spool
 * @param open opens one more on the same engine; the first is empty
 * @param takeAndDie takes so many in a process that is then killed, and tells their ids
 */
export function sharedContract(
  name: string,
  open: () => Promise<SharedSpool> | SharedSpool,
  takeAndDie: (limit: number) => Promise<string[]>,
): void {
  describe(`the contract of sharing: ${name}`, () => {
    const opened: SharedSpool[] = [];
    const another = async (): Promise<SharedSpool> => {
      opened.push(await open());
      return opened.at(-1)!;
    };
    afterEach(async () => {
      for (const spool of opened.splice(0)) await spool.close();
    });
    const named = (prefix: string, count: number): SerialisedEvent[] =>
      Array.from({ length: count }, (_, index) => spoolEvent(`${prefix}${String(index).padStart(3, '0')}`));
    /** Looks and takes until something comes: what another has given back may take a moment. */
    const take = async (spool: SharedSpool, limit: number): Promise<SpooledEvent[]> => {
      for (const due = Date.now() + 15_000; ;) {
        await spool.refresh();
        const taken = await spool.peek(limit);
        if (taken.length > 0 || Date.now() > due) return taken;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };

    test('what one appends another takes; an id that is there already is taken once', async () => {
      const [app, relay] = [await another(), await another()];
      await app.appendAll(named('a', 3), 'one');
      await app.appendAll(named('a', 4), 'one');
      await relay.refresh();
      expect(relay.size().events).toBe(4);
      const taken = await take(relay, 50);
      expect(ids(taken)).toEqual(['a000', 'a001', 'a002', 'a003']);
      await settle(relay, taken);
      await relay.refresh();
      expect(relay.size()).toMatchObject({ events: 0, setAside: 0 });
    });

    test('two relays never have events of one process in flight together, and keep its order', async () => {
      const [app, ...relays] = [await another(), await another(), await another()];
      for (const instance of ['one', 'two', 'three']) await app.appendAll(named(instance, 40), instance);
      const got: string[] = [];
      const held = new Map<string, number>();
      const instanceOf = (id: string): string => id.replace(/\d+$/, '');
      await Promise.all(
        relays.map(async (relay, number) => {
          for (let dry = 0; got.length < 120 && dry < 300;) {
            await relay.refresh();
            const taken = await relay.peek(10);
            dry = taken.length === 0 ? dry + 1 : 0;
            for (const { id } of taken) {
              expect(held.get(instanceOf(id)) ?? number).toBe(number);
              held.set(instanceOf(id), number);
            }
            await new Promise((resolve) => setTimeout(resolve, 5));
            got.push(...ids(taken));
            for (const { id } of taken) held.delete(instanceOf(id));
            await settle(relay, taken);
          }
        }),
      );
      for (const instance of ['one', 'two', 'three']) {
        expect(got.filter((id) => instanceOf(id) === instance)).toEqual(ids(named(instance, 40)));
      }
    });

    test('one that has much to say does not keep others waiting', async () => {
      const [app, relay] = [await another(), await another()];
      await app.appendAll(named('loud', 200), 'loud');
      await app.appendAll(named('quiet', 1), 'quiet');
      const first = await take(relay, 50);
      const second = first.some(({ id }) => id.startsWith('quiet')) ? [] : await take(relay, 50);
      expect([...ids(first), ...ids(second)]).toContain('quiet000');
    });

    test('what a relay that is gone had in flight comes to another, in doubt, and is known to have been in flight', async () => {
      const [app, relay] = [await another(), await another()];
      await app.appendAll(named('a', 3), 'one');
      expect(await takeAndDie(2)).toEqual(['a000', 'a001']);
      const taken = await take(relay, 50);
      expect(taken.map(({ id, inDoubt, crashes }) => [id, inDoubt, crashes])).toEqual([
        ['a000', true, 1],
        ['a001', true, 1],
        ['a002', false, 0],
      ]);
      await settle(relay, taken);
    }, 60_000);
  });
}
