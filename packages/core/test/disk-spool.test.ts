import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coalescingContract, settle, spoolContract, spoolEvent } from '@auditlogin/testing/contract';
import fc from 'fast-check';
import { runContract } from '../../../test/run-contract.js';
import { destinationOf, ledgersIn, lockSpool, spoolsIn, takePlace } from '../src/spool/disk/directory.js';
import { type DiskSpool, type DiskSpoolOptions, openDiskSpool } from '../src/spool/disk/disk-spool.js';
import { identityKeyIn } from '../src/spool/disk/identity-key.js';
import { openLedger } from '../src/spool/disk/ledger.js';
import { runsOf } from '../src/spool/disk/ranges.js';
import { ReservedSpace } from '../src/spool/disk/reserved-space.js';
import { operateSpools } from '../src/spool/disk/operate.js';
import { localEventsIn } from '../src/verify/local-records.js';
import { PAGE_EVENTS, pageOf } from '../src/spool/disk/event-page.js';
import { openSpoolFile, type SpoolFile } from '../src/spool/disk/spool-file.js';
import { makePrivate, openSqlite } from '../src/sqlite/database.js';

const NOBODY = 65_534;
const DESTINATION = destinationOf({ apiBase: 'http://localhost', project: 'dev' });
let folder: string;
const told: string[] = [];
const listener = {
  adopted: (events: number) => void told.push(`adopted ${events}`),
  elsewhere: () => undefined,
  damaged: (what: string) => void told.push(what),
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'auditlogin-spool-'));
  told.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: Partial<DiskSpoolOptions> = {}): Promise<DiskSpool> =>
  openDiskSpool(
    takePlace(folder, DESTINATION),
    { maxEvents: 1e5, maxBytes: 1e8, ledger: false, commitTimeout: 5_000, ...options },
    listener,
  );
const openFile = (name: string): SpoolFile => openSpoolFile(join(folder, name), { maxBytes: 1e6 });
async function idsIn(spool: DiskSpool): Promise<string[]> {
  const ids: string[] = [];
  for (let events = await spool.peek(1e5); events.length > 0; events = await spool.peek(1e5)) ids.push(...events.map(({ id }) => id));
  return ids;
}

runContract('the spool contract: on disk', spoolContract({ open: () => open({ maxEvents: 10 }) }));
runContract('the coalescing contract: on disk', coalescingContract(open));

/** Creates the spool of a process that was killed. */
function leave(name: string, ids: string[]): string {
  const file = openFile(`spool-${DESTINATION}-${name}.db`);
  for (let index = 0; index < ids.length; index += PAGE_EVENTS) {
    const events = ids.slice(index, index + PAGE_EVENTS).map((id) => spoolEvent(id));
    file.commit([{ do: 'append', page: pageOf(events, 1) }]);
  }
  file.close();
  return file.path;
}
const uuid = (digit: string): string => `${digit.repeat(8)}-0000-7000-8000-000000000000`;

describe('append', () => {
  it('commits concurrent appends together, and has stored all of them when they resolve', async () => {
    const spool = await open();
    await Promise.all(Array.from({ length: 2_000 }, (_, index) => spool.append(spoolEvent(`e${index}`))));
    const [file] = spoolsIn(folder);
    const reader = openSqlite(file!, { readOnly: true });
    expect(reader.prepare('SELECT count(*) AS pages, sum(last - first + 1) AS n FROM pages').get()).toEqual({ pages: 40, n: 2_000 });
    reader.close();
    expect(await idsIn(spool)).toEqual(Array.from({ length: 2_000 }, (_, index) => `e${index}`));
    await spool.close();
  });

  it('leaves events that do not fit in memory on disk, in order', async () => {
    const spool = await open();
    const wanted = Array.from({ length: 30_000 }, (_, index) => `e${index}`);
    await Promise.all(wanted.map((id) => spool.append(spoolEvent(id))));
    expect(spool.waiting()).toBe(30_000);
    const seen: string[] = [];
    for (let events = await spool.peek(500); events.length > 0; events = await spool.peek(500)) {
      seen.push(...events.map(({ id }) => id));
      if (seen.length < 5_000) await spool.append(spoolEvent(`late${seen.length}`));
      await settle(spool, events);
    }
    expect(seen.filter((id) => id.startsWith('e'))).toEqual(wanted);
    expect(seen.filter((id) => id.startsWith('late'))).toHaveLength(9);
    expect(spool.size().events).toBe(0);
    await spool.close();
  });

  it('creates files and folder for their owner only, with synchronous FULL', async () => {
    const spool = await open({ ledger: true });
    await spool.append(spoolEvent('a'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0]);
    await spool.close();
  });
});

describe('close and reopen', () => {
  it('removes an empty file, and reopens a file with all of its events', async () => {
    const empty = await open();
    await empty.append(spoolEvent('a'));
    await settle(empty, await empty.peek(1));
    await empty.close();
    expect(spoolsIn(folder)).toEqual([]);

    const full = await open();
    await full.append(spoolEvent('a'));
    const [b] = [spoolEvent('b')];
    await full.append(b);
    await full.peek(1);
    await full.close();
    const again = await open();
    expect(told).toEqual(['adopted 2']);
    expect(await again.peek(5)).toMatchObject([{ id: 'a', inDoubt: false }, { ...b }]);
    expect(again.size()).toMatchObject({ events: 2 });
    await again.close();
  });

  it('marks events that were in flight when the process ended as in doubt, and counts a crash', async () => {
    const path = leave(uuid('a'), ['x', 'y']);
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    file.commit([{ do: 'begin', seqs: [1] }]);
    file.close();
    const spool = await open();
    expect(await spool.peek(5)).toMatchObject([
      { id: 'x', inDoubt: true, crashes: 1 },
      { id: 'y', inDoubt: false, crashes: 0 },
    ]);
    await spool.close();
  });

  const FAILED = { action: 'user.login', outcome: 'failure', source: 's' };

  it('adds up what two orphans coalesced of one kind and minute, from the first to the last', async () => {
    for (const [letter, at] of [
      ['a', 90_000],
      ['b', 60_000],
    ] as const) {
      const file = openSpoolFile(leave(uuid(letter), [letter]), { maxBytes: 1e6 });
      file.commit([{ do: 'coalesce', kind: FAILED, at }]);
      file.close();
    }
    const spool = await open();
    expect(await spool.coalesced(99)).toEqual([{ minute: 1, ...FAILED, count: 2, first: 60_000, last: 90_000 }]);
    await spool.close();
  });

  it('takes over dead letters and coalesced attempts, too', async () => {
    const path = leave(uuid('a'), ['x', 'y']);
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    file.commit([
      { do: 'deadLetter', seq: 1, reason: 'poison', at: 5 },
      { do: 'coalesce', kind: FAILED, at: 60_000 },
    ]);
    file.close();
    const spool = await open();
    expect(spool.size()).toMatchObject({ events: 1, coalesced: 1, setAside: 1 });
    expect(await spool.coalesced(99)).toMatchObject([{ ...FAILED, count: 1 }]);
    expect(spoolsIn(folder)).toHaveLength(1);
    await spool.close();
  });
});

describe('pages', () => {
  it('does not hand out settled events of a page again, and deletes the page with its last event', () => {
    const path = leave(
      uuid('a'),
      Array.from({ length: 120 }, (_, index) => `e${index}`),
    );
    let file = openSpoolFile(path, { maxBytes: 1e6 });
    const settleRange = (from: number, to: number): void =>
      void file.commit([{ do: 'settle', seqs: Array.from({ length: to - from + 1 }, (_, index) => from + index) }]);
    const seqs = (): number[] => file.read(0, 1_000).rows.map(({ seq }) => seq);
    settleRange(31, 70);
    settleRange(2, 2);
    file.close();
    file = openSpoolFile(path, { maxBytes: 1e6 });
    expect(seqs()).toEqual(Array.from({ length: 120 }, (_, index) => index + 1).filter((seq) => seq !== 2 && (seq < 31 || seq > 70)));
    const bytes = (from: number, to: number): number => {
      let sum = 0;
      for (let seq = from; seq <= to; seq += 1) sum += spoolEvent(`e${seq - 1}`).bytes;
      return sum;
    };
    expect(file.size()).toMatchObject({ events: 79, bytes: bytes(1, 1) + bytes(3, 30) + bytes(71, 120) });
    expect(file.read(30, 2).rows.map(({ seq }) => seq)).toEqual([71, 72]);
    settleRange(1, 1);
    settleRange(3, 30);
    settleRange(71, 110);
    expect(seqs()).toEqual([111, 112, 113, 114, 115, 116, 117, 118, 119, 120]);
    settleRange(111, 120);
    expect(file.size()).toEqual({ events: 0, bytes: 0, coalesced: 0, setAside: 0 });
    file.close();
    const db = openSqlite(path, { readOnly: true });
    for (const table of ['pages', 'gone', 'flights', 'marks']) expect(db.prepare(`SELECT * FROM ${table}`).all()).toEqual([]);
    db.close();
  });

  it('counts a crash only for events that were still in flight', () => {
    const path = leave(uuid('a'), ['a', 'b', 'c', 'd', 'e', 'f']);
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    file.commit([{ do: 'begin', seqs: [1, 2, 3, 4, 5] }]);
    file.commit([
      { do: 'settle', seqs: [2] },
      { do: 'release', seqs: [4], inDoubt: true },
      { do: 'release', seqs: [5], inDoubt: false },
    ]);
    file.close();
    const again = openSpoolFile(path, { maxBytes: 1e6 });
    expect(again.read(0, 10).rows.map(({ seq, inDoubt, crashes }) => [seq, inDoubt, crashes])).toEqual([
      [1, true, 1],
      [3, true, 1],
      [4, true, 0],
      [5, false, 0],
      [6, false, 0],
    ]);
    again.close();
  });

  it('does not reuse the position of an event that was set aside', () => {
    const path = leave(uuid('a'), ['a']);
    for (const reason of ['first', 'second']) {
      const file = openSpoolFile(path, { maxBytes: 1e6 });
      if (reason === 'second') file.commit([{ do: 'append', page: pageOf([spoolEvent('b')], 1) }]);
      file.commit(file.read(0, 9).rows.map(({ seq }) => ({ do: 'deadLetter', seq, reason, at: 1 })));
      file.close();
    }
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    expect(file.deadLetters().map(({ id, reason }) => [id, reason])).toEqual([
      ['a', 'first'],
      ['b', 'second'],
    ]);
    file.close();
  });

  it('combines positions to ranges', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (places) => {
        const runs = runsOf(places);
        expect(runs.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index))).toEqual(
          [...places].sort((a, b) => a - b),
        );
        for (const [index, { first }] of runs.entries()) if (index > 0) expect(first).toBeGreaterThan(runs[index - 1]!.last + 1);
      }),
    );
  });
});

describe('adopt', () => {
  it('does not take over the spool of a running process', async () => {
    const living = await open();
    await living.append(spoolEvent('a'));
    const other = await open();
    expect(other.size().events).toBe(0);
    await living.close();
    await other.append(spoolEvent('b'));
    await other.adopt();
    // Events that are taken over come after the existing ones.
    expect(await idsIn(other)).toEqual(['b', 'a']);
    expect(other.size().events).toBe(2);
    await other.append(spoolEvent('c'));
    expect(await idsIn(other)).toEqual(['c']);
    await other.close();
  });

  it('does not take over a spool with another destination', async () => {
    const elsewhere = `spool-${destinationOf({ apiBase: 'http://elsewhere', project: 'dev' })}-${uuid('a')}.db`;
    const file = openFile(elsewhere);
    file.commit([{ do: 'append', page: pageOf([spoolEvent('x')], 1) }]);
    file.close();
    const spool = await open();
    expect(spool.size().events).toBe(0);
    expect(existsSync(join(folder, elsewhere))).toBe(true);
    await spool.close();
  });

  it('takes over a spool once, even if the process is killed before it removes the file', async () => {
    const first = leave(uuid('a'), ['x']);
    const copy = readFileSync(first);
    const middle = leave(uuid('b'), ['m']);
    const heir = openSpoolFile(middle, { maxBytes: 1e6 });
    const orphan = openSpoolFile(first, { maxBytes: 1e6 });
    heir.adopt(orphan, `spool-${DESTINATION}-${uuid('a')}.db`);
    orphan.close();
    heir.close();
    expect(copy.length).toBeGreaterThan(0);
    const spool = await open();
    expect((await idsIn(spool)).sort()).toEqual(['m', 'x']);
    await spool.close();
  });

  it('lets only one of several processes take over a spool', async () => {
    for (const digit of '0123456789abcdef') leave(uuid(digit), [`x${digit}`]);
    const spools = await Promise.all([open(), open(), open()]);
    const ids = (await Promise.all(spools.map(idsIn))).flat();
    expect(ids.sort()).toEqual([...'0123456789abcdef'].map((digit) => `x${digit}`));
    await Promise.all(spools.map((spool) => spool.close()));
  });

  it('locks a spool until the lock is released', () => {
    const path = leave(uuid('a'), ['x']);
    const lock = lockSpool(path);
    expect(lock).toBeDefined();
    expect(lockSpool(path)).toBeUndefined();
    lock!.release();
    const again = lockSpool(path);
    expect(again).toBeDefined();
    again!.release();
  });
});

describe('damage', () => {
  it('sets aside an event with a flipped bit, and hands out the others', async () => {
    const path = leave(uuid('a'), ['aaaa', 'bbbb', 'cccc']);
    const db = openSqlite(path);
    db.exec(`UPDATE pages SET lines = replace(lines, 'bbbb', 'bbbc')`);
    db.close();
    const spool = await open();
    expect(await idsIn(spool)).toEqual(['aaaa', 'cccc']);
    expect(spool.size()).toMatchObject({ events: 2, setAside: 1 });
    await spool.close();
  });

  it('sets aside an event that is not JSON although its checksum is right, and hands out the others', async () => {
    const path = leave(uuid('a'), ['a']);
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    const body = spoolEvent('b').body.slice(0, 40);
    file.commit([{ do: 'append', page: pageOf([{ body, bytes: 40 }, spoolEvent('c')], 1) }]);
    file.close();
    const spool = await open();
    expect(await idsIn(spool)).toEqual(['a', 'c']);
    expect(spool.size()).toMatchObject({ events: 2, bytes: spoolEvent('a').bytes * 2, setAside: 1 });
    await spool.close();
    const [aside] = operateSpools(folder).deadLetters();
    expect(aside).toMatchObject({ body, reason: 'its stored body cannot be read: 40 bytes that are not a JSON object' });
  });

  it('does not replay an unreadable event, and shows it to verify as set aside', () => {
    const path = leave(uuid('a'), ['a', 'b']);
    const db = openSqlite(path);
    db.exec(`UPDATE pages SET lines = replace(lines, '"u"', '"u ')`);
    db.close();
    const local = [
      { externalId: 'a', isSetAside: true },
      { externalId: 'b', isSetAside: true },
    ];
    expect(localEventsIn(folder).get(DESTINATION) ?? []).toEqual(local);
    const file = openSpoolFile(path, { maxBytes: 1e6 });
    expect(file.read(0, 10).rows).toEqual([]);
    file.close();
    expect(localEventsIn(folder).get(DESTINATION) ?? []).toEqual(local);
    expect(operateSpools(folder).replay(undefined)).toEqual({ replayed: 0, unreadable: ['a', 'b'] });
    expect(operateSpools(folder).deadLetters()).toHaveLength(2);
  });

  it('renames a file that is not a database any more, and recovers its readable events', async () => {
    const path = leave(
      uuid('a'),
      Array.from({ length: 500 }, (_, index) => `e${index}`),
    );
    const fd = openSync(path, 'r+');
    // Damages pages in the middle, and the freelist in the header.
    writeSync(fd, Buffer.alloc(4_096, 0xab), 0, 4_096, 4_096 * 20);
    writeSync(fd, Buffer.from([0, 0, 0, 9]), 0, 4, 36);
    closeSync(fd);
    const spool = await open();
    expect(told.join()).toMatch(/damaged-\d+ was put aside/);
    const saved = await idsIn(spool);
    expect(saved.length).toBeGreaterThan(300);
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true);
    await spool.close();
  });

  it('starts with a new file if the old one contains only noise', async () => {
    const path = leave(uuid('a'), ['x']);
    const fd = openSync(path, 'w');
    writeSync(fd, Buffer.alloc(8_192, 0x5a));
    closeSync(fd);
    const spool = await open();
    await spool.append(spoolEvent('y'));
    expect(await idsIn(spool)).toEqual(['y']);
    await spool.close();
  });
});

describe('full', () => {
  it('bounds the file, drains when it is full, and accepts events again', async () => {
    const big = (id: string): ReturnType<typeof spoolEvent> => {
      const event = spoolEvent(id);
      return { ...event, body: event.body + ' '.repeat(60_000), bytes: 100 };
    };
    const spool = await open({ maxBytes: 1_024 * 1_024 });
    let taken = 0;
    let refusal: { code?: string } = {};
    while (refusal.code === undefined && taken < 1_000) {
      await spool.append(big(`e${taken}`)).then(
        () => (taken += 1),
        (thrown: unknown) => (refusal = thrown as { code?: string }),
      );
    }
    expect(refusal.code).toBe('ERR_AUDIT_SPOOL_FULL');
    expect(taken).toBeGreaterThan(30);
    const events = await spool.peek(taken);
    expect(events).toHaveLength(taken);
    await spool.begin(events);
    await settle(spool, events);
    await spool.append(big('again'));
    expect(await idsIn(spool)).toEqual(['again']);
    await spool.close();
  });
});

describe('the folder', () => {
  it.each([
    ['a symbolic link', (path: string) => symlinkSync(folder, path)],
    ['a file', (path: string) => closeSync(openSync(path, 'w'))],
  ])('refuses %s', (_name, make) => {
    const path = join(folder, 'there');
    make(path);
    expect(() => takePlace(path, DESTINATION)).toThrow(/^The spool directory .* cannot be used/);
  });

  it('refuses the link of another user on the way to it, and creates nothing there', () => {
    if (process.getuid?.() !== 0) return;
    const link = join(folder, 'link');
    const target = join(folder, 'target');
    mkdirSync(target);
    symlinkSync(target, link);
    lchownSync(link, NOBODY, NOBODY);
    expect(() => takePlace(join(link, 'in'), DESTINATION)).toThrow(/is a symbolic link of another user/);
    expect(readdirSync(target)).toEqual([]);
  });

  it('refuses the folder of another user and leaves it as it is, unless that is allowed', () => {
    if (process.getuid?.() !== 0) return;
    const path = join(folder, 'foreign');
    mkdirSync(path);
    chmodSync(path, 0o777);
    chownSync(path, NOBODY, NOBODY);
    expect(() => takePlace(path, DESTINATION)).toThrow(/belongs to another user/);
    expect(readdirSync(path)).toEqual([]);
    expect(takePlace(path, DESTINATION, true).directory).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o777);
  });

  it.each(['', '-wal', '-shm', '-journal'])('does not write through a symbolic link in place of a file%s', (suffix) => {
    const target = join(folder, 'target');
    writeFileSync(target, '');
    symlinkSync(target, join(folder, `file${suffix}`));
    expect(() => makePrivate(join(folder, 'file'))).toThrow(/is not a regular file/);
  });

  it('does not write reserved space through a symbolic link', () => {
    const [target, link] = [join(folder, 'target'), join(folder, 'reserved')];
    writeFileSync(target, 'kept');
    symlinkSync(target, link);
    new ReservedSpace(link).reserve();
    expect(readFileSync(target, 'utf8')).toBe('kept');
  });

  it('does not read the identity key through a symbolic link', () => {
    const target = join(folder, 'target');
    writeFileSync(target, 'k'.repeat(43));
    symlinkSync(target, join(folder, 'identity.key'));
    expect(identityKeyIn(folder)).toBeUndefined();
  });

  it('is ignored by git', () => {
    takePlace(folder, DESTINATION);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('is accessible to its owner only', () => {
    chmodSync(folder, 0o755);
    takePlace(folder, DESTINATION);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });
});

it('stores the receipts of settled events in the ledger, which outlives the spool', async () => {
  const spool = await open({ ledger: true });
  await spool.append(spoolEvent('a'));
  await settle(spool, await spool.peek(1));
  await spool.close();
  expect(spoolsIn(folder)).toEqual([]);
  const ledger = openLedger(ledgersIn(folder)[0]!, { readOnly: true });
  expect([...ledger.all()]).toEqual([
    { externalId: 'a', receiptId: 'r-a', hash: 'f'.repeat(64), isVerified: true, at: expect.any(Number) },
  ]);
  ledger.close();
});

it('behaves like a plain list, even through crashes', async () => {
  const command = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('peek', 'settle', 'release', 'doubt', 'deadLetter'),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'crash' as const, count: 1 }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
      const own = mkdtempSync(join(folder, 'model-'));
      const start = (): Promise<DiskSpool> =>
        openDiskSpool(takePlace(own, DESTINATION), { maxEvents: 1e5, maxBytes: 1e8, ledger: false, commitTimeout: 5_000 }, listener);
      let spool = await start();
      let waiting: string[] = [];
      let inFlight: Awaited<ReturnType<DiskSpool['peek']>> = [];
      let aside = 0;
      let next = 0;
      for (const { do: what, count } of commands) {
        const some = inFlight.slice(0, count);
        if (what === 'append') {
          // Events of one turn share a page.
          const ids = Array.from({ length: count }, () => `${next++}`);
          waiting.push(...ids);
          await Promise.all(ids.map((id) => spool.append(spoolEvent(id))));
        } else if (what === 'peek') {
          const taken = await spool.peek(count);
          expect(taken.map(({ id }) => id)).toEqual(waiting.splice(0, count));
          await spool.begin(taken);
          inFlight.push(...taken);
        } else if (what === 'crash') {
          // Simulates a kill: the next process finds the events that were in flight in their original order.
          await spool.close();
          waiting = [...inFlight.map(({ id }) => id), ...waiting].sort((a, b) => Number(a) - Number(b));
          inFlight = [];
          spool = await start();
        } else {
          inFlight = inFlight.slice(some.length);
          if (what === 'settle') await settle(spool, some);
          else if (what === 'deadLetter') for (const event of some) await spool.deadLetter(event, 'because');
          else await spool.release(some, what === 'doubt');
          if (what === 'deadLetter') aside += some.length;
          if (what === 'release' || what === 'doubt') waiting = [...some.map(({ id }) => id), ...waiting];
        }
        expect([spool.waiting(), spool.size().events, spool.size().setAside]).toEqual([
          waiting.length,
          waiting.length + inFlight.length,
          aside,
        ]);
      }
      await spool.close();
    }),
    { numRuns: 30 },
  );
}, 60_000);
