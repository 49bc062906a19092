// AdminJS in Express, set up as its page "Express" says.
import { randomBytes } from 'node:crypto';
import AdminJSExpress from '@adminjs/express';
import { auditLogin } from '@auditlogin/express';
import AdminJS from 'adminjs';
import express from 'express';

const ACCOUNTS = new Map([
  ['alice@example.com', { id: 'u-1', password: 'correct-horse-battery' }],
  ['bob@example.com', { id: 'u-2', password: 'purple-monkey-dishwasher' }],
]);

async function authenticate(email, password) {
  if (email === 'broken@example.com') throw new Error('the database is down');
  const account = ACCOUNTS.get(email);
  return account?.password === password ? { id: account.id, email } : null;
}

// The application has no components of its own to bundle for browsers.
process.env.ADMIN_JS_SKIP_BUNDLE = 'true';
const app = express();
app.set('trust proxy', 'loopback');
if (process.env.AUDIT === '1') {
  // After a failed login AdminJS sends the login page again, with status 200.
  const outcome = ({ status, session }) => (status === 302 ? { outcome: 'success', actor: session?.adminUser } : 'failure');
  const audit = auditLogin({ preset: 'adminjs', outcome });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
const admin = new AdminJS({ rootPath: '/admin', resources: [] });
const router = AdminJSExpress.buildAuthenticatedRouter(
  admin,
  { authenticate, cookieName: 'adminjs', cookiePassword: randomBytes(32).toString('hex'), maxRetries: { count: 3, duration: 600 } },
  null,
  { secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false },
);
app.use(admin.options.rootPath, router);
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
