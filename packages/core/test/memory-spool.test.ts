import { coalescingContract, settle, spoolContract, spoolEvent } from '@auditlogin/testing/contract';
import fc from 'fast-check';
import { runContract } from '../../../test/run-contract.js';
import type { SpooledEvent } from '../src/engine.js';
import { memorySpool } from '../src/spool/memory-spool.js';

const open = () => memorySpool({ maxEvents: 10, maxBytes: 1e6 });
runContract('the spool contract: in memory', spoolContract({ open }));
runContract('the coalescing contract: in memory', coalescingContract(open));

it('limits the bytes, too', async () => {
  const event = spoolEvent('a');
  const spool = memorySpool({ maxEvents: 10, maxBytes: event.bytes * 2 });
  await spool.append(event);
  await spool.append(spoolEvent('b'));
  await expect(spool.append(spoolEvent('c'))).rejects.toThrow(/holds 2 events with \d+ bytes; its bounds are 10 events and \d+ bytes/);
});

it('keeps the newest hundred dead letters with their reasons', async () => {
  const spool = memorySpool({ maxEvents: 1000, maxBytes: 1e6 });
  for (let index = 0; index < 150; index += 1) {
    await spool.append(spoolEvent(`e${index}`));
    await spool.deadLetter((await spool.peek(1))[0]!, `r${index}`);
  }
  expect(spool.deadLetters()).toHaveLength(100);
  expect(spool.deadLetters().at(-1)).toMatchObject({ id: 'e149', reason: 'r149' });
});

it('behaves like a plain list', async () => {
  const command = fc.oneof(
    fc.record({ do: fc.constant('append' as const) }),
    fc.record({ do: fc.constantFrom('peek', 'settle', 'release'), count: fc.integer({ min: 1, max: 5 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 200 }), async (commands) => {
      const spool = memorySpool({ maxEvents: 1e6, maxBytes: 1e9 });
      let waiting: string[] = [];
      let inFlight: SpooledEvent[] = [];
      let next = 0;
      for (const step of commands) {
        if (step.do === 'append') {
          waiting.push(`${next}`);
          await spool.append(spoolEvent(`${next++}`));
        } else if (step.do === 'peek') {
          const taken = await spool.peek(step.count);
          expect(taken.map(({ id }) => id)).toEqual(waiting.splice(0, step.count));
          inFlight.push(...taken);
        } else {
          const some = inFlight.slice(0, step.count);
          inFlight = inFlight.slice(step.count);
          await (step.do === 'settle' ? settle(spool, some) : spool.release(some, false));
          if (step.do === 'release') waiting = [...some.map(({ id }) => id), ...waiting];
        }
        expect([spool.waiting(), spool.size().events]).toEqual([waiting.length, waiting.length + inFlight.length]);
      }
    }),
  );
});
