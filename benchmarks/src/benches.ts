import type { Bench } from './bench.js';

const overhead = (framework: string): Bench => ({
  name: `overhead-${framework}`,
  title: `Auditing a no-op login route of ${framework}, event, spool (memory), publishing and verifying included`,
  unit: 'µs CPU/request',
  sides: ['bare', 'ours', 'peer', 'limit'],
  script: 'overhead.js',
  work: { full: 20_000, quick: 6_000 },
  env: { FRAMEWORK: framework, SPOOL: 'memory' },
});

/** Everything that is measured. */
export const BENCHES: readonly Bench[] = [
  {
    name: 'hash',
    title: 'Verifying the receipt of a login event',
    unit: 'µs CPU',
    sides: ['ours', 'peer', 'limit'],
    script: 'hash.js',
    work: { full: 400_000, quick: 100_000 },
  },
  {
    name: 'publish',
    title: 'Publishing events, verified: bulk of 50, 4 in flight, spool in memory; the peer sends single calls, 50 at once',
    unit: 'µs CPU/event',
    sides: ['ours', 'peer', 'limit'],
    others: ['peer-bulk'],
    script: 'publish.js',
    work: { full: 20_000, quick: 15_000 },
    env: { SPOOL: 'memory' },
  },
  {
    name: 'publish-durable',
    title: 'The same through the spool on disk, synchronous FULL',
    unit: 'µs CPU/event',
    sides: ['ours', 'peer', 'limit'],
    others: ['peer-bulk', 'memory'],
    script: 'publish.js',
    work: { full: 20_000, quick: 15_000 },
    env: { SPOOL: 'disk' },
  },
  overhead('express'),
  overhead('koa'),
  overhead('fastify'),
  {
    ...overhead('express'),
    name: 'overhead-durable',
    title: 'Auditing a no-op login route of express with the spool on disk: the main thread alone',
    unit: 'µs main-thread CPU/request',
    env: { FRAMEWORK: 'express', SPOOL: 'disk', THREAD: 'main' },
  },
  {
    name: 'latency',
    title: 'Login with a 50 ms password check, people come at random moments, 200 a second: the slowest hundredth',
    unit: 'ms, p99',
    sides: ['bare', 'ours', 'peer', 'limit'],
    others: ['before-response'],
    script: 'latency.js',
    work: { full: 2_000, quick: 500 },
  },
  {
    name: 'memory',
    title: 'Events that wait while the audit log does not answer: memory of each, in lengths of its JSON',
    unit: 'bytes/JSON byte',
    sides: ['ours', 'peer', 'limit'],
    script: 'memory.js',
    work: { full: 100_000, quick: 100_000 },
  },
  {
    name: 'collector',
    title: 'Full-text search in a collector; beside it a table searched by LIKE, and reading rows by their numbers',
    unit: 'ms',
    sides: ['ours', 'peer', 'limit'],
    script: 'collector.js',
    work: { full: 1_000_000, quick: 60_000 },
    rounds: 1,
  },
];
