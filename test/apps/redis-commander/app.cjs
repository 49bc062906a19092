// redis-commander, mounted in an Express application. Logging in needs no Redis.
const { dirname, join } = require('node:path');

process.env.NODE_CONFIG_DIR = join(dirname(require.resolve('redis-commander/package.json')), 'config');
process.env.NODE_CONFIG = JSON.stringify({ server: { httpAuth: { username: 'admin', password: 'correct-horse-battery' } } });

const { auditLogin } = require('@auditlogin/express');
const express = require('express');
const redisCommander = require('redis-commander/lib/app');
const connections = require('redis-commander/lib/connections');

const app = express();
if (process.env.AUDIT === '1') {
  const audit = auditLogin();
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.use(redisCommander(connections.setConnectionList([])));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
