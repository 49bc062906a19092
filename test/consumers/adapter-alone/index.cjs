const assert = require('node:assert');
const { AuditError, auditLogin, createAuditor, isAuditError, mark } = require('@auditlogin/express');
const express = require('express');

const dropped = [];
const auditor = createAuditor({
  apiBase: 'http://127.0.0.1:1',
  project: 'p',
  token: 't',
  spool: { kind: 'memory' },
  closeTimeout: 0,
  logger: { warn() {}, error() {} },
  onDrop: (event) => dropped.push(event.action),
});
const app = express();
app.use(auditLogin({ auditor }));
app.post('/login', (req, res) => {
  mark(req).failure('wrong_password');
  res.status(401).end();
});
const server = app.listen(0, '127.0.0.1', async () => {
  await fetch(`http://127.0.0.1:${server.address().port}/login`, { method: 'POST' });
  server.close();
  await auditor.close();
  assert.throws(
    () => createAuditor({ tokn: 'x' }),
    (thrown) => thrown instanceof AuditError && isAuditError(thrown),
  );
  console.log(JSON.stringify(dropped));
});
