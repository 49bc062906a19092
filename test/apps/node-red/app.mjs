// Node-RED 4 with its admin API secured by user name and password: embedded in an Express application, or with a middleware of its settings.
import { auditLogin } from '@auditlogin/express';
import bcrypt from 'bcryptjs';
import express from 'express';
import { createServer } from 'node:http';
import RED from 'node-red';

const audit = { preset: 'node-red' };

const app = express();
const server = createServer(app);
const settings = {
  userDir: process.env.DATA_DIR,
  flowFile: 'flows.json',
  httpAdminRoot: '/',
  httpNodeRoot: '/api',
  adminAuth: {
    type: 'credentials',
    users: [{ username: 'admin', password: bcrypt.hashSync('correct-horse-battery', 8), permissions: '*' }],
  },
  logging: { console: { level: 'off' } },
  externalModules: { autoInstall: false },
  telemetry: { enabled: false },
};
if (process.env.AUDIT === '1') {
  const middleware = auditLogin(audit);
  if (process.env.MOUNT === 'settings') settings.httpAdminMiddleware = middleware;
  else app.use(middleware);
  process.once('SIGTERM', () => void middleware.auditor.close().finally(() => process.exit()));
}
RED.init(server, settings);
app.use(settings.httpAdminRoot, RED.httpAdmin);
app.use(settings.httpNodeRoot, RED.httpNode);
await RED.start();
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
