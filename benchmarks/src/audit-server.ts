import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditEvent } from '@auditlogin/core';
import { canonicalTail } from '@auditlogin/core/log';

// Child process: a minimal audit log. It stores nothing and responds to each event with its correct hash.
const { DELAY } = process.env;
let count = 0;
const receiptOf = (event: AuditEvent): { id: string; hash: string } => {
  const id = `server${(count += 1)}`;
  return { id, hash: hash('sha256', id + canonicalTail(event)) };
};
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as AuditEvent & { events?: AuditEvent[] };
    const text = JSON.stringify(body.events ? body.events.map(receiptOf) : receiptOf(body));
    const answer = (): void =>
      void response.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
    // Simulates a distant log.
    if (DELAY === undefined) answer();
    else setTimeout(answer, Number(DELAY));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());
