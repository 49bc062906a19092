import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AuditError, createRelay, type Relay } from '@auditlogin/core';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { engineIn, type EngineFlags } from '../engine.js';
import { connectionIn, type ConnectionFlags, durationIn, invalid, numberIn } from '../flags.js';
import { paint } from '../paint.js';

/** The flags of `auditlogin relay`. */
export interface RelayFlags extends ConnectionFlags, EngineFlags {
  listen: string;
  listenToken?: string;
  concurrency: string;
  timeout: string;
  backoffMax: string;
  inDoubt: string;
  indexLag: string;
}

/**
 * Publishes the events of an engine until SIGINT or SIGTERM, then finishes the calls in flight.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`, `ERR_AUDIT_CONFIG_MISSING` or `ERR_AUDIT_ENGINE`
 */
export async function relay(flags: RelayFlags): Promise<void> {
  const engine = engineIn(flags);
  const address = addressIn(flags);
  if (flags.inDoubt !== 'resend' && flags.inDoubt !== 'reconcile') throw invalid('in-doubt', flags.inDoubt, '"resend" or "reconcile"');
  const working = createRelay({
    ...(await connectionIn(flags)),
    engine: await engine.open(),
    publish: {
      concurrency: numberIn('concurrency', flags.concurrency, 1, 32),
      timeout: numberIn('timeout', flags.timeout, 1, 600_000),
      backoffMax: durationIn('backoff-max', flags.backoffMax),
      backoffMin: Math.min(500, durationIn('backoff-max', flags.backoffMax)),
      inDoubt: flags.inDoubt,
      indexLag: durationIn('index-lag', flags.indexLag),
    },
  });
  // A closed standard output must not end the relay.
  process.stdout.on('error', () => undefined);
  const server = createServer(answering(working, address.token)).listen(address.port, address.host);
  await once(server, 'listening');
  console.log(`The relay publishes events from ${engine.name}. Health and metrics: ${paint.cyan(urlOf(server, address.host))}`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  console.log('Finishing the calls in flight …');
  await working.close();
  server.close();
  server.closeAllConnections();
  const { verified, mismatched, setAside } = working.stats();
  console.log(`${verified} events verified, ${mismatched} mismatched, ${setAside} set aside.`);
}

interface Address {
  host: string;
  port: number;
  token: string | undefined;
}

function addressIn({ listen, listenToken: token }: RelayFlags): Address {
  const parts = /^(?:\[(?<six>[\da-f:]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/i.exec(listen)?.groups;
  if (!parts || Number(parts['port']) > 65_535) throw invalid('listen', listen, 'an address and a port, such as 127.0.0.1:4478');
  const host = (parts['six'] ?? parts['host'])!;
  if (token === undefined && !/^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host)) {
    throw new AuditError(
      'ERR_AUDIT_OPTION_INVALID',
      `Option "--listen" is ${JSON.stringify(listen)}, which is not a loopback address; set AUDITLOG_RELAY_TOKEN, the token for reading metrics.`,
      { field: 'listen' },
    );
  }
  return { host, port: Number(parts['port']), token };
}

interface Answer {
  status: number;
  type: string;
  body: string;
}

interface Page {
  /** Whether it is served without the token. */
  isOpen: boolean;
  answer(): Answer | Promise<Answer>;
}

/** Serves liveness and readiness to everybody, and health and metrics only with the token, if there is one. */
function answering(working: Relay, token: string | undefined): (request: IncomingMessage, response: ServerResponse) => void {
  const pages = pagesOf(working);
  const answerTo = async ({ url, method, headers }: IncomingMessage): Promise<Answer> => {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Method Not Allowed');
    const page = pages.get(url?.split('?')[0] ?? '');
    if (!page) return plain(404, 'Not Found');
    const isAllowed = page.isOpen || token === undefined || isSame(headers.authorization ?? '', `Bearer ${token}`);
    return isAllowed ? page.answer() : plain(401, 'Unauthorized');
  };
  return (request, response) => {
    const send = ({ status, type, body }: Answer): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }).end(body);
    };
    answerTo(request).then(send, () => send(plain(500, 'Internal Server Error')));
  };
}

function pagesOf(working: Relay): Map<string, Page> {
  const registry = metricsOf(working);
  return new Map<string, Page>([
    ['/livez', { isOpen: true, answer: () => plain(200, 'ok') }],
    ['/readyz', { isOpen: true, answer: () => readiness(working) }],
    ['/healthz', { isOpen: false, answer: () => health(working) }],
    ['/metrics', { isOpen: false, answer: async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() }) }],
  ]);
}

function readiness(working: Relay): Answer {
  return working.health().engine === 'connected' ? plain(200, 'ok') : plain(503, 'the engine cannot be reached');
}

function health(working: Relay): Answer {
  const seen = working.health();
  const body = `${JSON.stringify({ ...seen, ...working.stats() })}\n`;
  return { status: seen.status === 'failing' ? 503 : 200, type: 'application/json', body };
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain', body: `${text}\n` };
}

/** Compares digests in constant time, so that the time does not reveal how much of a token is right. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function metricsOf(working: Relay): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counters = {
    verified: 'Published events whose receipt has the right hash.',
    mismatched: 'Published events whose receipt has a wrong hash.',
    setAside: 'Events that were set aside, since the server refused them or they were too old.',
    retries: 'Failed calls, each of which was or will be repeated.',
  } as const;
  for (const [name, help] of Object.entries(counters)) {
    const counter: Counter = new Counter({
      name: `auditlogin_relay_${name === 'setAside' ? 'set_aside' : name}_total`,
      help,
      registers,
      collect() {
        counter.reset();
        counter.inc(working.stats()[name as keyof typeof counters]);
      },
    });
  }
  const gauges = {
    waiting: ['Events that wait in the engine, of all processes.', () => working.stats().waiting],
    engine_reachable: ['Whether the engine answered when it was last asked.', () => Number(working.health().engine === 'connected')],
  } as const;
  for (const [name, [help, value]] of Object.entries(gauges)) {
    const gauge: Gauge = new Gauge({ name: `auditlogin_relay_${name}`, help, registers, collect: () => gauge.set(value()) });
  }
  return registry;
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`;
}
