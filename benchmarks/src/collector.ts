import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCollector } from '@auditlogin/collector';
import { DatabaseSync } from '@photostructure/sqlite';
import { storedEvent } from './stored-event.js';
import { report } from './processes.js';

const [side, work] = [process.argv[2]!, Number(process.argv[3])];
const folder = mkdtempSync(join(tmpdir(), 'auditlogin-bench-'));
const ROUNDS = 25;

/** The median time of some calls, in milliseconds, after the same number of warm-up calls. */
async function time(call: () => Promise<void> | void): Promise<number> {
  for (let round = 0; round < ROUNDS; round += 1) await call();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    await call();
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

/** Measures bulk calls over HTTP, each answered when its events are on disk, and then searches over GraphQL with twenty events per page. */
async function ours(): Promise<void> {
  const collector = await startCollector({ port: 0, dataDir: folder, token: 't' });
  const loader = fork(fileURLToPath(new URL('ingest.js', import.meta.url)), [String(work)], {
    env: { ...process.env, API_BASE: collector.apiBase },
  });
  const [{ took }] = (await once(loader, 'message')) as [{ took: number }];
  async function search(query: string, expected: number): Promise<void> {
    const answer = await fetch(`${collector.apiBase}/publisher/v1/project/dev/graphql`, {
      method: 'POST',
      headers: { authorization: 'Token token=t', 'content-type': 'application/json' },
      body: JSON.stringify({ query: `{ search(query: ${JSON.stringify(query)}, last: 20) { edges { node { id } } } }` }),
    });
    const { data } = (await answer.json()) as { data: { search: { edges: unknown[] } } };
    if (data.search.edges.length < expected) throw new Error(`${query}: ${data.search.edges.length} events were found`);
  }
  const filter = await time(() => search('actor.id:user-77', 1));
  const filterFrequent = await time(() => search('action:user.login', 20));
  const range = await time(() => search('received:2020-01-01,2100-01-01', 20));
  const word = await time(() => search('name77', 1));
  const wordFrequent = await time(() => search('mozilla', 20));
  const words = await time(() => search('name77 mozilla', 1));
  report({
    value: Math.max(word, wordFrequent, words),
    ingest_per_second: Math.round((work / took) * 1_000),
    filter_ms: Math.max(filter, filterFrequent, range),
    text_ms: Math.max(word, wordFrequent, words),
  });
  await collector.close();
}

/** Measures a naive implementation: a table of events that is searched by LIKE. The limit is to read twenty of its rows by their keys. */
async function plain(read: (db: DatabaseSync) => void): Promise<void> {
  const db = new DatabaseSync(join(folder, 'plain.sqlite'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)');
  const insert = db.prepare('INSERT INTO events (body) VALUES (?)');
  for (let index = 0; index < work; index += 50) {
    db.exec('BEGIN');
    for (let each = index; each < index + 50; each += 1) insert.run(JSON.stringify(storedEvent(each, work)));
    db.exec('COMMIT');
  }
  report({ value: await time(() => read(db)) });
}

type DatabaseSync = InstanceType<typeof DatabaseSync>;
if (side === 'ours') await ours();
else if (side === 'peer')
  await plain((db) => void db.prepare('SELECT body FROM events WHERE body LIKE ? ORDER BY seq DESC LIMIT 20').all('%name77"%'));
else await plain((db) => void db.prepare('SELECT body FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT 20').all(Math.floor(work / 2)));
rmSync(folder, { recursive: true });
process.exit();
