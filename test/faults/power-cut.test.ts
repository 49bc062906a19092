import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localEventsIn } from '@auditlogin/core/log';
import { ROUND_TIMEOUT, ROUNDS } from './rounds.js';

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-power-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shim = join(folder, 'powercut.so');
const hasCompiler = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
if (hasCompiler) execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', shim, join(__dirname, 'powercut.c'), '-ldl']);
const suite = hasCompiler ? describe : describe.skip;

/** Appends events and simulates a power cut, which loses all writes that were not synchronised. */
async function cut(synchronous: 'FULL' | 'NORMAL', round: number): Promise<{ acknowledged: string[]; found: Set<string> }> {
  const [live, durable] = [join(folder, `live-${synchronous}-${round}`), join(folder, `durable-${synchronous}-${round}`)];
  mkdirSync(live);
  mkdirSync(durable);
  const child = spawn(process.execPath, [join(__dirname, 'writer.mjs')], {
    env: {
      PATH: process.env['PATH'],
      CORE: join(__dirname, '..', '..', 'packages', 'core', 'dist', 'esm'),
      DIRECTORY: live,
      SYNCHRONOUS: synchronous,
      LD_PRELOAD: shim,
      POWERCUT_FROM: live,
      POWERCUT_TO: durable,
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  // Waits until several commits were acknowledged.
  while (!output.includes('\ne9\n') && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 250));
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
  const acknowledged = output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready');
  const restored = join(folder, `restored-${synchronous}-${round}`);
  cpSync(durable, restored, { recursive: true });
  const found = readable(restored);
  for (const each of [live, durable, restored]) rmSync(each, { recursive: true });
  return { acknowledged, found };
}

/** The ids of the events in a spool; empty if the spool cannot be read. */
function readable(directory: string): Set<string> {
  try {
    return new Set((localEventsIn(directory).get('00000000-00000000') ?? []).map(({ externalId }) => externalId));
  } catch {
    return new Set();
  }
}

suite(hasCompiler ? 'a power cut' : 'a power cut (skipped: it needs gcc on Linux: apt-get install gcc libc6-dev)', () => {
  it(
    `loses no event that was acknowledged, in ${ROUNDS} power cuts`,
    async () => {
      let total = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const { acknowledged, found } = await cut('FULL', round);
        expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
        total += acknowledged.length;
      }
      expect(total).toBeGreaterThan(ROUNDS * 5);
    },
    ROUNDS * ROUND_TIMEOUT,
  );

  it(
    'loses acknowledged events with synchronous NORMAL (control)',
    async () => {
      let lost = 0;
      for (let round = 0; round < Math.max(ROUNDS, 4) && lost === 0; round += 1) {
        const { acknowledged, found } = await cut('NORMAL', round);
        lost += acknowledged.filter((id) => !found.has(id)).length;
      }
      expect(lost).toBeGreaterThan(0);
    },
    4 * ROUNDS * ROUND_TIMEOUT,
  );
});
