import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuditor } from '@auditlogin/core';
import { answer, type FaultServer, startFaultServer } from '@auditlogin/testing/contract';

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-full-'));
const disk = join(folder, 'disk');
const quiet = { warn: () => undefined, error: () => undefined };

/** Mounts a file system of twelve megabytes, if the machine allows it. @returns the reason if it does not */
function mountSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux';
  const image = join(folder, 'image');
  execFileSync('truncate', ['-s', '12M', image]);
  if (spawnSync('mkfs.ext4', ['-q', image]).status !== 0) return 'it needs mkfs.ext4: apt-get install e2fsprogs';
  mkdirSync(disk);
  return spawnSync('mount', ['-o', 'loop', image, disk]).status === 0 ? undefined : 'this machine mounts no loop file systems';
}
const obstacle = mountSmallDisk();

let server: FaultServer;
beforeEach(async () => (server = await startFaultServer()));
afterEach(() => server.close());
afterAll(() => {
  if (obstacle === undefined) execFileSync('umount', ['--lazy', disk]);
  rmSync(folder, { recursive: true, force: true });
});

const title = 'refuses and counts events on a full disk, publishes those it has stored, and then accepts events again';
(obstacle === undefined ? test : test.skip)(
  obstacle === undefined ? title : `${title} (skipped: ${obstacle})`,
  async () => {
    server.always = (_, response) => answer(response, 503, 'no');
    const auditor = createAuditor({
      ...{ apiBase: server.apiBase, project: 'dev', token: 't' },
      spool: { directory: join(disk, 'spool'), required: true },
      publish: { backoffMin: 1, backoffMax: 20 },
      closeTimeout: 60_000,
      logger: quiet,
    });
    const report = (id: string): Promise<string> =>
      auditor.report({ action: 'user.login', actor: { id: 'u' }, external_id: id, fields: { fill: 'x'.repeat(8_000) } });
    const taken: string[] = [];
    let refused = 0;
    for (let index = 0; index < 4_000 && refused < 20; index += 1) {
      await report(`e${index}`).then(
        (id) => taken.push(id),
        (thrown: unknown) => {
          refused += 1;
          expect(thrown).toMatchObject({ code: 'ERR_AUDIT_SPOOL_FULL' });
        },
      );
    }
    expect(refused).toBe(20);
    expect(taken.length).toBeGreaterThan(100);
    // Another file takes the rest of the disk.
    try {
      writeFileSync(join(disk, 'greedy'), Buffer.alloc(12_000_000));
    } catch {
      // The disk is full now.
    }
    expect(auditor.stats()).toMatchObject({ lost: 20, waiting: taken.length });

    server.always = undefined;
    await auditor.flush();
    expect(new Set(server.stored.map(({ external_id }) => external_id))).toEqual(new Set(taken));
    rmSync(join(disk, 'greedy'));
    await report('fresh');
    await auditor.flush();
    expect(server.stored.at(-1)).toMatchObject({ external_id: 'fresh' });
    await auditor.close();
    expect(auditor.stats()).toMatchObject({ verified: taken.length + 1, lost: 20, waiting: 0 });
  },
  120_000,
);

it('falls back to memory with a warning if the folder cannot be used, and throws if the spool is required', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const connection = { apiBase: server.apiBase, project: 'dev', token: 't' };
  const warnings: string[] = [];
  const logger = { warn: () => undefined, error: (_details: object, text: string) => void warnings.push(text) };
  const auditor = createAuditor({ ...connection, logger, spool: { directory: join(file, 'spool') } });
  await auditor.report({ action: 'user.login', actor: { id: 'u' } });
  await auditor.close();
  expect(auditor.stats()).toMatchObject({ verified: 1 });
  expect(auditor.health()).toMatchObject({ status: 'degraded', spool: 'memory' });
  expect(warnings).toEqual([expect.stringMatching(/^ERR_AUDIT_SPOOL: .*cannot be used.*Events wait in memory/)]);
  for (const more of [
    { spool: { directory: join(file, 'spool'), required: true } },
    { durability: 'before-response' as const, spool: { directory: join(file, 'spool') } },
  ]) {
    expect(() => createAuditor({ ...connection, ...more })).toThrow(/^The spool directory .* cannot be used/);
  }
});
