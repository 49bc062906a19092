// A login application for tests that kill it. Every login succeeds, and the event contains the id of the attempt.
import { createServer } from 'node:http';
import { auditLogin, mark } from '@auditlogin/express';
import express from 'express';
import { engineIn } from '../engines/engine.mjs';

const { API_BASE, SPOOL_DIR, DURABILITY, CLOSE_TIMEOUT, MAX_EVENTS } = process.env;
const audit = auditLogin({
  ...(API_BASE ? { apiBase: API_BASE, project: 'dev', token: 't' } : { engine: await engineIn(process.env) }),
  durability: DURABILITY,
  spool: { directory: SPOOL_DIR, required: true, ...(MAX_EVENTS && { maxEvents: Number(MAX_EVENTS) }) },
  publish: { backoffMin: 1, backoffMax: 50, timeout: 1_000, batchSize: 10 },
  closeTimeout: Number(CLOSE_TIMEOUT ?? 10_000),
  logger: { warn() {}, error() {} },
});
const app = express();
app.use(audit, express.json());
app.post('/login', (request, response) => {
  mark(request).success({ actor: request.body.id });
  response.json({ id: request.body.id });
});
app.get('/stats', (_request, response) => response.json({ ...audit.auditor.stats(), health: audit.auditor.health().status }));
const server = createServer(app).listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void audit.auditor.close().then(() => process.exit(0));
});
