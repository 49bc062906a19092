import { normaliseEvent, serialise, type SerialisedEvent, type Spool, type SpooledEvent } from '../src/index.js';

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
 */
export function spoolContract(name: string, open: () => Promise<Spool> | Spool): void {
  describe(`the spool contract: ${name}`, () => {
    let spool: Spool;
    beforeEach(async () => (spool = await open()));
    afterEach(() => spool.close());

    const append = async (...names: string[]): Promise<void> => {
      for (const id of names) await spool.append(spoolEvent(id));
    };

    test('hands out the oldest first, each to one only, and keeps them until they are settled', async () => {
      await append('a', 'b', 'c');
      expect(ids(await spool.peek(2))).toEqual(['a', 'b']);
      expect(ids(await spool.peek(2))).toEqual(['c']);
      expect(ids(await spool.peek(2))).toEqual([]);
      expect([spool.size().events, spool.waiting()]).toEqual([3, 0]);
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
      expect(spool.size()).toEqual({ events: 1, bytes: c!.bytes, failures: 0, folded: 0, setAside: 1 });
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

    test('folds keep the number by source and minute, and give way to an event', async () => {
      for (const [source, at] of [
        ['a', 60_000],
        ['a', 61_000],
        ['b', 62_000],
        ['a', 125_000],
      ] as const) {
        await spool.fold(source, at);
      }
      const folds = await spool.folds(2);
      expect(folds).toEqual(
        expect.arrayContaining([
          { source: 'a', minute: 1, count: 2, first: 60_000, last: 61_000 },
          { source: 'b', minute: 1, count: 1, first: 62_000, last: 62_000 },
        ]),
      );
      expect(folds).toHaveLength(2);
      const [first] = folds.filter(({ source }) => source === 'a');
      // One more comes while the event is made: it stays for the next.
      await spool.fold('a', 63_000);
      await spool.unfold(first!, spoolEvent('f', true));
      expect(spool.size()).toMatchObject({ events: 1, folded: 3 });
      expect(await spool.folds(2)).toEqual(expect.arrayContaining([expect.objectContaining({ source: 'a', minute: 1, count: 1 })]));
      expect(ids(await spool.peek(5))).toEqual(['f']);
    });

    test('of a thousand sources a minute each is told apart, of more only their number is kept', async () => {
      for (let index = 0; index < 1_500; index += 1) await spool.fold(`s${index}`, 5);
      const folds = await spool.folds(1);
      expect(folds.length).toBeLessThanOrEqual(1_001);
      expect(folds.reduce((sum, { count }) => sum + count, 0)).toBe(1_500);
    });
  });
}
