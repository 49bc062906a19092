// Auth.js in Express with the Credentials provider, set up as the README of @auth/express says.
import { randomBytes } from 'node:crypto';
import { auditLogin } from '@auditlogin/express';
import { CredentialsSignin, ExpressAuth } from '@auth/express';
import credentials from '@auth/express/providers/credentials';
import express5 from 'express';
import express4 from 'express4';
import { rateLimit } from 'express-rate-limit';

const ACCOUNTS = new Map([
  ['alice', { id: 'u-1', name: 'Alice', password: 'correct-horse-battery' }],
  ['bob', { id: 'u-2', name: 'Bob', password: 'purple-monkey-dishwasher' }],
]);

class Locked extends CredentialsSignin {
  code = 'locked';
}

async function authorize({ username, password }) {
  if (username === 'locked') throw new Locked();
  if (username === 'broken') throw new Error('the database is down');
  const account = ACCOUNTS.get(username);
  return account?.password === password ? { id: account.id, name: account.name } : null;
}

const app = process.env.EXPRESS === '4' ? express4() : express5();
if (process.env.AUDIT === '1') {
  const audit = auditLogin({ preset: 'authjs' });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.use('/auth/callback', rateLimit({ limit: 3, windowMs: 600_000, skip: (request) => request.headers['x-guess'] === undefined }));
app.use(
  process.env.EXPRESS === '4' ? '/auth/*' : '/auth',
  ExpressAuth({
    secret: randomBytes(32).toString('hex'),
    trustHost: true,
    logger: { error: () => undefined, warn: () => undefined },
    providers: [credentials({ credentials: { username: {}, password: { type: 'password' } }, authorize })],
    session: { updateAge: 0 },
  }),
);
app.get('/', (_request, response) => response.send('The start page'));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
