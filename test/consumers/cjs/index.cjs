const assert = require('node:assert');
const { createAuditor, AuditError } = require('@auditlogin/core');
const { startCollector } = require('@auditlogin/collector');
const { auditLogin, mark } = require('@auditlogin/express');
const express = require('express');

async function main() {
  const collector = await startCollector({ port: 0, dataDir: process.argv[2] });
  const { apiBase, project, token } = collector;
  const auditor = createAuditor({ apiBase, project, token });
  const app = express();
  app.use(auditLogin({ auditor }));
  app.post('/login', (req, res) => {
    mark(req).success({ actor: { id: 1, name: 'Ann' } });
    res.end();
  });
  const server = app.listen(0, '127.0.0.1', async () => {
    await fetch(`http://127.0.0.1:${server.address().port}/login`, { method: 'POST' });
    server.close();
    await auditor.close();
    await collector.close();
    assert.throws(() => createAuditor({ tokn: 'x' }), AuditError);
    console.log(JSON.stringify(auditor.stats()));
  });
}
main();
