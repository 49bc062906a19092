import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Result } from './bench.js';
import { BENCHES } from './benches.js';
import { measure } from './measure.js';
import { picture } from './picture.js';

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, rounds: { type: 'string' } },
});
const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}"; there are ${BENCHES.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
const chosen = names.length === 0 ? BENCHES : BENCHES.filter(({ name }) => names.includes(name));
const quick = flags.quick ?? false;
const rounds = Number(flags.rounds ?? (quick ? 2 : 5));
const results: Result[] = [];
for (const bench of chosen) {
  try {
    results.push(await measure(bench, { rounds, quick, progress: (text) => void process.stderr.write(`\r\u001b[K${text}`) }));
  } catch (thrown) {
    console.error(`\r\u001b[K${bench.name}: not measured: ${(thrown as Error).message}`);
    process.exitCode = 1;
    continue;
  }
  process.stderr.write('\r\u001b[K');
  if (flags.json) continue;
  const { sides, ...figures } = results.at(-1)!;
  console.log(`\n${bench.name}: ${bench.title} (${bench.unit}, medians of ${Math.min(rounds, bench.rounds ?? rounds)})`);
  const table = new Table({ head: ['', 'median', 'least', 'most'], style: { head: [], border: [] } });
  for (const [side, { median, min, max }] of Object.entries(sides)) table.push([side, median, min, max]);
  console.log(table.toString());
  if (figures.peer_ratio !== undefined) console.log(`${figures.peer_ratio} times better than the peer`);
  console.log(`${figures.limit_ratio} of the limit`);
  for (const [name, value] of Object.entries(figures))
    if (/_ratio$|_second$|_ms$|_mb$|_at_\d+$|^(?:before_response|memory|with_way_in)$/.test(name) && !/^(?:peer|limit)_ratio$/.test(name))
      console.log(`${name}: ${JSON.stringify(value)}`);
}
if (!quick) keep(results);
if (flags.json) for (const result of results) console.log(JSON.stringify(result));

/** Writes a dated record and a picture of each result. */
function keep(measured: readonly Result[]): void {
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  const date = new Date().toISOString().slice(0, 10);
  const file = join(folder, `${date}.json`);
  const earlier = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] }).results : [];
  const others = earlier.filter(({ bench }) => !measured.some((result) => result.bench === bench));
  writeFileSync(file, `${JSON.stringify({ date, machine, rounds, results: [...others, ...measured] }, null, 2)}\n`);
  for (const result of measured) {
    writeFileSync(join(folder, `${result.bench}.svg`), picture(result, BENCHES.find(({ name }) => name === result.bench)!.title));
  }
}
