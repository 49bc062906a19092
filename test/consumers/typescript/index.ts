import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Collector, startCollector } from '@auditlogin/collector';
import { type AuditEvent, type Auditor, createAuditor, eventHash, type Reason } from '@auditlogin/core';
import { type AuditLogin, type AuditLoginOptions, auditLogin, mark } from '@auditlogin/express';
import express from 'express';

const collector: Collector = await startCollector({ port: 0, dataDir: process.argv[2]! });
const { apiBase, project, token } = collector;
const seen: AuditEvent[] = [];
const auditor: Auditor = createAuditor({
  apiBase,
  project,
  token,
  onReceipt({ event, receipt, verdict }) {
    if (verdict === 'verified' && eventHash(receipt.id, event) === receipt.hash) seen.push(event);
  },
});
const options: AuditLoginOptions = {
  auditor,
  routes: ['POST /enter'],
  group: ({ request }) => request.get('x-tenant'),
};
const audit: AuditLogin = auditLogin(options);
const reason: Reason = 'wrong_password';

const app = express();
app.use(audit);
app.post('/enter', (request, response) => {
  mark(request).failure(reason, { actor: { id: 7, name: 'Ann' } });
  response.status(401).end();
});
app.post('/t/:tenant/enter', (request, response) => {
  mark(request).success({ group: request.params.tenant });
  response.end();
});
// @ts-expect-error: not a reason
if (process.argv[3]) mark({} as express.Request).failure('wrong_pasword');

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/enter`, { method: 'POST', headers: { 'x-tenant': 'acme' } });
await auditor.report({ action: 'report.run', crud: 'r', actor: { id: 1n }, created: new Date() });
server.close();
await auditor.close();
await collector.close();
if (seen[0]?.group?.id !== 'acme') throw new Error(`unexpected ${JSON.stringify(seen)}`);
console.log(JSON.stringify(auditor.stats()));
