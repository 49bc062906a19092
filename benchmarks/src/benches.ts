import type { Bench } from './bench.js';

const overhead = (framework: string): Bench => ({
  name: `overhead-${framework}`,
  title: `Auditing a no-op login route of ${framework}, event, spool (memory), publishing and verifying included`,
  unit: 'µs CPU/request',
  sides: ['bare', 'ours', 'peer', 'limit'],
  script: 'overhead.js',
  work: { full: 20_000, quick: 5_000 },
  env: { FRAMEWORK: framework, SPOOL: 'memory' },
});

const other = (framework: string): Bench => ({
  name: `overhead-other-${framework}`,
  title: `Requests of ${framework} that are no logins: the audit beside a middleware that does nothing; a listener for the end of the response is the least that an audit of all routes needs`,
  unit: 'µs CPU/request',
  sides: ['bare', 'ours', 'limit'],
  others: ['without-mark'],
  script: 'overhead-other.js',
  work: { full: 60_000, quick: 15_000 },
  env: { FRAMEWORK: framework, THREAD: 'main' },
});

const relays = (engine: string, name: string): Bench => ({
  name: `relays-${engine}`,
  title: `Publishing through relays from ${name} to an audit log that takes 100 ms, compared with one process and the SDK's bulk call`,
  unit: 'µs/event',
  sides: ['ours', 'peer', 'limit'],
  others: ['relays-2', 'relays-4', 'relays-8'],
  script: 'relays.js',
  work: { full: 30_000, quick: 6_000 },
  rounds: 1,
  env: { ENGINE: engine },
});

/** The rates of the benchmark `scale`, in requests per second. */
export const RATES = [1, 10, 100, 1_000, 10_000] as const;

/** All benchmarks. */
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
    title: 'Publishing and verifying events: bulk of 50, 4 in flight, spool in memory; the peer sends single calls, 50 at once',
    unit: 'µs CPU/event',
    sides: ['ours', 'peer', 'limit'],
    others: ['peer-bulk'],
    script: 'publish.js',
    work: { full: 20_000, quick: 15_000 },
    env: { SPOOL: 'memory' },
  },
  {
    name: 'publish-durable',
    title: 'The same with the spool on disk, synchronous FULL; also both including composing and appending',
    unit: 'µs CPU/event',
    sides: ['ours', 'peer', 'limit'],
    others: ['peer-bulk', 'memory', 'way-in', 'memory-way-in'],
    script: 'publish.js',
    work: { full: 20_000, quick: 12_000 },
    env: { SPOOL: 'disk' },
  },
  overhead('express'),
  overhead('koa'),
  overhead('fastify'),
  other('express'),
  other('koa'),
  other('fastify'),
  {
    ...overhead('express'),
    name: 'overhead-durable',
    title: 'Auditing a no-op login route of express with the spool on disk: the main thread alone',
    unit: 'µs main-thread CPU/request',
    env: { FRAMEWORK: 'express', SPOOL: 'disk', THREAD: 'main' },
  },
  {
    ...overhead('express'),
    name: 'scale',
    title: 'CPU per request at a growing number of logins a second, spool on disk; beyond the capacity of one process, requests wait',
    unit: 'µs CPU/request at 1,000/s',
    work: { full: 4, quick: 1.2 },
    rounds: 1,
    env: { FRAMEWORK: 'express', SPOOL: 'disk', RATES: RATES.join(',') },
  },
  {
    name: 'loop-delay',
    title: 'Delay of the event loop at 200 logins a second while every commit takes 5 ms',
    unit: 'ms, p99',
    sides: ['bare', 'ours', 'peer', 'limit'],
    script: 'latency.js',
    work: { full: 2_000, quick: 500 },
    env: { DISK_MS: '5', VALUE: 'loop' },
  },
  {
    name: 'latency',
    title: 'Login with a 50 ms password check, 200 a second at random moments: the slowest hundredth',
    unit: 'ms, p99',
    sides: ['bare', 'ours', 'peer', 'limit'],
    others: ['before-response'],
    script: 'latency.js',
    work: { full: 2_000, quick: 500 },
  },
  {
    name: 'memory',
    title: 'Memory of an event that waits while the audit log does not respond, relative to the length of its JSON',
    unit: 'bytes/JSON byte',
    sides: ['ours', 'peer', 'limit'],
    script: 'memory.js',
    work: { full: 100_000, quick: 100_000 },
  },
  relays('postgres', 'PostgreSQL'),
  relays('jetstream', 'a JetStream of one node'),
  {
    name: 'collector',
    title: 'Full-text search in a collector, compared with LIKE over a table, and with reading rows by their keys',
    unit: 'ms',
    sides: ['ours', 'peer', 'limit'],
    script: 'collector.js',
    work: { full: 1_000_000, quick: 60_000 },
    rounds: 1,
  },
];
