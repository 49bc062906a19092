import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AuditEvent,
  type AuditorOptions,
  type CheckedReceipt,
  createAuditor,
  type Auditor,
  type AuditError,
  eventHash,
} from '@auditlogin/core';
import { violations } from '@auditlogin/core/log';

/** Handles one request instead of the server's regular code. */
export type Fault = (request: { events: AuditEvent[]; single: boolean }, response: ServerResponse, store: () => object) => void;

/** A server with the Publisher API that can be told to fail. */
export interface FaultServer {
  apiBase: string;
  /** Every event that was stored, in order. */
  stored: AuditEvent[];
  /** The number of events of each request. */
  calls: number[];
  headers: IncomingMessage['headers'][];
  /** The queries of all searches. */
  searches: string[];
  /** Statuses that the next searches fail with, one each. */
  searchFaults: number[];
  /** Faults of the next requests, one each. */
  faults: Fault[];
  /** Fault of every request, while it is set. */
  always: Fault | undefined;
  /** The highest number of simultaneous connections so far. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts a server with the Publisher API on a free port of 127.0.0.1. It behaves like the real server until it is given faults. */
export async function startFaultServer(): Promise<FaultServer> {
  let count = 0;
  let most = 0;
  const server: Server = createServer((request, response) => void serve(request, response));
  server.on('connection', (socket) => {
    most = Math.max(most, (count += 1));
    socket.on('close', () => (count -= 1));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const single = request.url!.endsWith('/event');
    const body = JSON.parse(Buffer.concat(chunks).toString()) as AuditEvent & { events: AuditEvent[]; variables: { query: string } };
    if (request.url!.endsWith('/graphql')) {
      fault.searches.push(body.variables.query);
      const failing = fault.searchFaults.shift();
      return failing ? answer(response, failing, 'no search') : answer(response, 200, found(body.variables.query));
    }
    const events = single ? [body] : body.events;
    fault.calls.push(events.length);
    fault.headers.push(request.headers);
    const store = (): object => {
      const receipts = events.map((event, index) => {
        const id = `s${fault.stored.length + index}`;
        return { id, hash: eventHash(id, event) };
      });
      fault.stored.push(...events);
      return single ? receipts[0]! : receipts;
    };
    const next = fault.faults.shift() ?? fault.always;
    if (next) return next({ events, single }, response, store);
    if (events.some((event) => violations(event).length > 0))
      return answer(response, 400, { status: 400, error: 'invalid', type: 'ERROR' });
    answer(response, 201, store());
  }

  /** The result of a search, with the losses of the real server (Publisher API, "What can be read back"). */
  function found(query: string): object {
    const ids = query.replace('external_id:', '').split(',');
    const edges = fault.stored.flatMap((event, index) => {
      if (!ids.includes(event.external_id ?? '')) return [];
      const pairs = (map?: Record<string, string>) => map && Object.entries(map).map(([key, value]) => ({ key, value }));
      const { fields, metadata, ...rest } = event;
      return [{ node: { ...rest, id: `s${index}`, fields: pairs(fields), metadata: pairs(metadata) } }];
    });
    return { data: { search: { totalCount: edges.length, edges } } };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fault: FaultServer = {
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}/auditlog`,
    stored: [],
    calls: [],
    headers: [],
    searches: [],
    searchFaults: [],
    faults: [],
    always: undefined,
    connections: () => most,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return fault;
}

/**
 * Sends a response, for use in a {@link Fault}.
 *
 * @param response the response to write
 * @param status HTTP status
 * @param body an object, which is sent as JSON, or a text
 * @param headers headers in addition to the content type
 */
export function answer(response: ServerResponse, status: number, body: object | string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** An auditor, and everything that it reported. */
export interface WatchedAuditor {
  auditor: Auditor;
  receipts: CheckedReceipt[];
  mismatches: CheckedReceipt[];
  drops: { event: AuditEvent; error: AuditError }[];
  errors: AuditError[];
  logs: string[];
}

/** The token of {@link watchedAuditor}. It must not occur in any error or log. */
export const TOKEN = 'token-canary-9';

/**
 * Creates an auditor with a spool in memory and short waits, and collects everything that it reports.
 *
 * @param apiBase base address of the fault server
 * @param options options that differ from these
 */
export function watchedAuditor(apiBase: string, options: AuditorOptions = {}): WatchedAuditor {
  const watched: Omit<WatchedAuditor, 'auditor'> = { receipts: [], mismatches: [], drops: [], errors: [], logs: [] };
  const log = (details: object, message: string): void => void watched.logs.push(`${JSON.stringify(details)} ${message}`);
  const auditor = createAuditor({
    apiBase,
    project: 'dev',
    token: TOKEN,
    logger: { warn: log, error: log },
    onReceipt: (receipt) => watched.receipts.push(receipt),
    onMismatch: (receipt) => watched.mismatches.push(receipt),
    onDrop: (event, error) => watched.drops.push({ event, error }),
    onError: (error) => watched.errors.push(error),
    ...options,
    spool: { kind: 'memory', ...options.spool },
    publish: { backoffMin: 1, backoffMax: 20, timeout: 300, ...options.publish },
  });
  return { auditor, ...watched };
}
