import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, Result, Run } from './bench.js';
import { RATES } from './benches.js';
import { slowDisk } from './slow-disk.js';

const run = promisify(execFile);

/**
 * Runs a benchmark. The sides run in turn, each in a new process, so that other load on the machine affects all sides.
 *
 * @param bench the benchmark
 * @param options number of runs and amount of work
 */
export async function measure(
  bench: Bench,
  { rounds, quick, progress }: { rounds: number; quick: boolean; progress: (text: string) => void },
): Promise<Result> {
  const sides = [...bench.sides, ...(bench.others ?? [])];
  const runs = new Map<string, Run[]>(sides.map((side) => [side, []]));
  const script = fileURLToPath(new URL(bench.script, import.meta.url));
  const work = String(quick ? bench.work.quick : bench.work.full);
  const most = Math.min(rounds, bench.rounds ?? rounds);
  const disk = bench.env?.['DISK_MS'] === undefined ? {} : slowDisk();
  if (!disk) throw new Error(`"${bench.name}" needs a C compiler (on Debian: apt-get install gcc libc6-dev).`);
  for (let round = 0; round < most; round += 1) {
    for (const side of sides) {
      progress(`${bench.name} ${side} ${round + 1}/${most}`);
      const { stdout } = await run(process.execPath, [script, side, work], { env: { ...process.env, ...bench.env, ...disk } });
      runs.get(side)!.push(JSON.parse(stdout.trim().split('\n').at(-1)!) as Run);
    }
  }
  return resultOf(bench, runs);
}

function resultOf(bench: Bench, runs: Map<string, Run[]>): Result {
  const values = (side: string): number[] => runs.get(side)?.map(({ value }) => value) ?? [];
  const of = (side: string): number => round(median(values(side)));
  // For an application, the value is the cost that is added to the application without an audit.
  const bare = bench.sides.includes('bare') ? median(values('bare')) : 0;
  const [ours, peer, limit] = ['ours', 'peer', 'limit'].map((side) => Math.max(0.01, median(values(side)) - bare)) as [
    number,
    number,
    number,
  ];
  const sides = Object.fromEntries(
    [...runs.keys()].map((side) => [
      side,
      { median: of(side), min: round(Math.min(...values(side))), max: round(Math.max(...values(side))), runs: values(side).map(round) },
    ]),
  );
  const more = (name: string): Record<string, number> =>
    Object.fromEntries(
      [...runs]
        .filter(([, each]) => typeof each[0]?.[name] === 'number')
        .map(([side, each]) => [side, round(median(each.map((one) => Number(one[name]))))]),
    );
  const FURTHER = [
    'events_per_second',
    'loop_delay_p99_ms',
    'p50_ms',
    'rss_waiting_mb',
    'rss_drained_mb',
    'ingest_per_second',
    'filter_ms',
    'text_ms',
    ...RATES.flatMap((rate) => [`cost_at_${rate}`, `answered_at_${rate}`]),
  ];
  const further = FURTHER.map((name) => [name, more(name)] as const).filter(([, figures]) => Object.keys(figures).length > 0);
  return {
    bench: bench.name,
    unit: bench.unit,
    ours: round(ours),
    ...(runs.has('peer') && { peer: round(peer), peer_ratio: round(peer / ours) }),
    limit: round(limit),
    limit_ratio: round(Math.min(1, limit / ours)),
    ...(bare > 0 && { bare: round(bare), bare_ratio: round((bare + ours) / bare) }),
    ...(runs.has('peer-bulk') && { peer_bulk: of('peer-bulk'), peer_bulk_ratio: round(median(values('peer-bulk')) / ours) }),
    ...(runs.has('memory') && { memory: of('memory'), memory_ratio: round(median(values('memory')) / ours) }),
    ...(runs.has('way-in') && {
      with_way_in: of('way-in'),
      with_way_in_peer_ratio: round(peer / median(values('way-in'))),
      with_way_in_memory_ratio: round(median(values('memory-way-in')) / median(values('way-in'))),
    }),
    ...(runs.has('before-response') && { before_response: of('before-response') }),
    ...Object.fromEntries(further),
    sides,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
