// passport-ldapauth, set up as its README says, with a directory on this machine.
import { auditLogin } from '@auditlogin/express';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import passport from 'passport';
import LdapStrategy from 'passport-ldapauth';
import { startDirectory } from './directory.mjs';

const directory = await startDirectory();
passport.use('ldapauth', new LdapStrategy({ server: directory }));
passport.use('unreachable', new LdapStrategy({ server: { ...directory, url: 'ldap://127.0.0.1:9', reconnect: false } }));

const app = express();
if (process.env.AUDIT === '1') {
  const audit = auditLogin();
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.use(express.json(), express.urlencoded({ extended: false }));
app.use('/login', rateLimit({ limit: 3, windowMs: 600_000, skip: (request) => request.body?.username !== 'bob' }));
app.post('/login', passport.authenticate('ldapauth', { session: false }), (_request, response) => response.send({ status: 'ok' }));
app.post('/unreachable/login', passport.authenticate('unreachable', { session: false }), (_request, response) =>
  response.send({ status: 'ok' }),
);
app.use((_error, _request, response, _next) => response.status(500).send('The login did not succeed'));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
