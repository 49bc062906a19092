// An application and its library, which have an adapter and a copy of core each.
const assert = require('node:assert');
const { createRequire } = require('node:module');
const { join } = require('node:path');

const [applicationFolder, libraryFolder, marking] = process.argv.slice(2);
const application = createRequire(join(applicationFolder, 'index.cjs'));
const library = createRequire(join(libraryFolder, 'index.cjs'));
const ours = application('@auditlogin/express');
const theirs = library('@auditlogin/express');
assert.notStrictEqual(ours.createAuditor, theirs.createAuditor);
const express = application('express');

const events = [];
const auditorOf = ({ createAuditor }, component) =>
  createAuditor({
    apiBase: 'http://127.0.0.1:1',
    project: 'p',
    token: 't',
    component,
    spool: { kind: 'memory' },
    closeTimeout: 0,
    logger: { warn() {}, error() {} },
    onDrop: ({ action, fields }) => events.push([action, fields.reason]),
  });
const auditors = [auditorOf(ours, 'application'), auditorOf(theirs, 'library')];

const app = express();
app.use(ours.auditLogin({ auditor: auditors[0] }));
const router = express.Router();
router.use(theirs.auditLogin({ auditor: auditors[1] }));
router.post('/login', (req, res) => {
  if (marking !== 'nobody') (marking === 'application' ? ours : theirs).mark(req).failure('account_locked');
  res.status(401).end();
});
app.use(router);
const server = app.listen(0, '127.0.0.1', async () => {
  await fetch(`http://127.0.0.1:${server.address().port}/login`, { method: 'POST' });
  server.close();
  await Promise.all(auditors.map((auditor) => auditor.close()));
  console.log(JSON.stringify(events));
});
