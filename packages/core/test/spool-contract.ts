import { normaliseEvent, serialise, type SerialisedEvent, type Spool } from '../src/index.js';

/** An event with the given id. */
export function spoolEvent(id: string): SerialisedEvent {
  return serialise({ ...normaliseEvent({ action: 'user.login', actor: { id: 'u' }, created: 0 }), external_id: id });
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
      await spool.release(taken);
      expect(ids(await spool.peek(5))).toEqual(['a', 'b', 'c']);
    });

    test('what is settled or set aside is gone, the rest is not', async () => {
      await append('a', 'b', 'c');
      const [a, b, c] = await spool.peek(3);
      await spool.settle([a!]);
      await spool.setAside(b!, 'poison');
      await spool.release([c!]);
      expect(spool.size()).toEqual({ events: 1, bytes: c!.bytes });
      expect(ids(await spool.peek(5))).toEqual(['c']);
    });

    test('what it hands out is to the byte what it took', async () => {
      const event = spoolEvent('\u{1F600}"\\');
      await spool.append(event);
      expect(await spool.peek(1)).toEqual([event]);
    });

    test('when it is full it says so and keeps what it has; room that is made can be used', async () => {
      await append(...'0123456789');
      await expect(spool.append(spoolEvent('x'))).rejects.toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
      const [first] = await spool.peek(1);
      await expect(spool.append(spoolEvent('x'))).rejects.toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
      await spool.settle([first!]);
      await append('x');
      expect(ids(await spool.peek(20))).toEqual([...'123456789', 'x']);
    });
  });
}
