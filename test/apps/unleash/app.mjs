// Unleash 7, embedded as its documentation says. `preHook` is the place for middleware.
import { auditLogin } from '@auditlogin/express';
import { start } from 'unleash-server';

const audit = { preset: 'unleash' };

const middleware = process.env.AUDIT === '1' ? auditLogin(audit) : undefined;
await start({
  databaseUrl: process.env.DATABASE_URL,
  db: { ssl: false },
  server: { host: '127.0.0.1', port: Number(process.env.PORT), secret: 'a-secret-of-the-test', gracefulShutdownEnable: false },
  authentication: { type: 'open-source', initialAdminUser: { username: 'admin', password: 'Correct-horse-battery-9' } },
  logLevel: 'fatal',
  versionCheck: { enable: false },
  telemetry: false,
  ...(middleware && { preHook: (app) => app.use(middleware) }),
});
if (middleware) process.once('SIGTERM', () => void middleware.auditor.close().finally(() => process.exit()));
console.log('listening');
