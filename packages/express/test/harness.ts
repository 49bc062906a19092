import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collector, startCollector } from '@auditlogin/collector';
import { type AuditEvent, type Auditor, type CheckedReceipt, createAuditor } from '@auditlogin/core';
import express5 from 'express';
import express4 from 'express4';

/** The major versions of Express that the adapter supports. */
export const majors = [
  ['Express 5', express5],
  ['Express 4', express4],
] as const;

/** A running collector and an auditor that publishes to it. */
export interface Harness {
  readonly auditor: Auditor;
  readonly collector: Collector;
  /** Serves an application until the end of the test. */
  serve(app: express5.Express): Promise<string>;
  /** Waits for the events of all attempts, each of which is verified by its receipt. */
  events(count: number): Promise<AuditEvent[]>;
  close(): Promise<void>;
}

export async function startHarness(): Promise<Harness> {
  const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-express-'));
  const collector = await startCollector({ port: 0, dataDir });
  const { apiBase, project, token } = collector;
  const receipts: CheckedReceipt[] = [];
  const servers: Server[] = [];
  let seen = 0;
  const auditor = createAuditor({
    apiBase,
    project,
    token,
    spool: { directory: join(dataDir, 'spool') },
    onReceipt: (receipt) => receipts.push(receipt),
  });
  return {
    auditor,
    collector,
    async serve(app) {
      const server = createServer(app).listen(0, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async events(count) {
      const due = Date.now() + 5_000;
      while (auditor.stats().queued < seen + count && Date.now() < due) await pause(5);
      // Waits for events that must not occur.
      await pause(30);
      await auditor.flush();
      expect(receipts.map(({ verdict }) => verdict)).toEqual(receipts.map(() => 'verified'));
      const events = receipts.map(({ event }) => event);
      receipts.length = 0;
      seen += events.length;
      expect(events).toHaveLength(count);
      return events;
    },
    async close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      await auditor.close();
      await collector.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Posts JSON without following redirects. */
export function post(
  url: string,
  body: unknown = { username: 'ann', password: 'pw-canary-1' },
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    body: JSON.stringify(body),
  });
}

/** Posts JSON and closes the connection after a while, or when the response's head has arrived. */
export function postAndHangUp(url: string, after: number | 'head'): Promise<void> {
  return new Promise((resolve) => {
    const call = httpRequest(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
    call.on('error', () => resolve());
    call.on('close', () => resolve());
    if (after === 'head') call.on('response', () => call.destroy());
    else call.on('finish', () => setTimeout(() => call.destroy(), after));
    call.end(JSON.stringify({ username: 'ann', password: 'pw-canary-1' }));
  });
}
