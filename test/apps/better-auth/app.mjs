// Better Auth in Express, set up as its page "Express Integration" says, with the plugins for user names, second factors and magic links.
import { randomBytes } from 'node:crypto';
import { auditLogin } from '@auditlogin/express';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { magicLink, twoFactor, username } from 'better-auth/plugins';
import express from 'express';

const outbox = new Map();
const tables = ['user', 'session', 'account', 'verification', 'twoFactor', 'rateLimit'];
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  secret: randomBytes(32).toString('hex'),
  database: memoryAdapter(Object.fromEntries(tables.map((name) => [name, []]))),
  emailAndPassword: { enabled: true, sendResetPassword: async ({ user, token }) => void outbox.set(user.email, token) },
  rateLimit: { enabled: true, window: 600, max: 1000, customRules: { '/sign-in/*': { window: 600, max: 3 } } },
  plugins: [username(), twoFactor(), magicLink({ sendMagicLink: async ({ email, token }) => void outbox.set(email, token) })],
});

const app = express();
if (process.env.AUDIT === '1') {
  const audit = auditLogin({ preset: 'better-auth' });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.all('/api/auth/*splat', toNodeHandler(auth));
app.use(express.json());
app.get('/outbox/:email', (request, response) => response.json({ token: outbox.get(request.params.email) }));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
