import assert from 'node:assert';
import { once } from 'node:events';
import { startCollector } from '@auditlogin/collector';
import { isAuditError } from '@auditlogin/core';
import { auditLogin } from '@auditlogin/express';
import express from 'express';

const collector = await startCollector({ port: 0, dataDir: process.argv[2] });
process.env.AUDITLOG_API_BASE = collector.apiBase;
process.env.AUDITLOG_API_PROJECT = collector.project;
process.env.AUDITLOG_API_TOKEN = collector.token;

const app = express();
const audit = auditLogin();
app.use(audit);
app.post('/login', (req, res) => res.status(401).end());
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
await fetch(`http://127.0.0.1:${server.address().port}/login`, { method: 'POST' });
server.close();
await audit.auditor.close();
await collector.close();
try {
  auditLogin({ route: ['/x'] });
} catch (thrown) {
  assert(isAuditError(thrown));
  assert.match(thrown.message, /did you mean "routes"/);
}
console.log(JSON.stringify(audit.auditor.stats()));
