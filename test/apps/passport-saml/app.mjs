// @node-saml/passport-saml, set up as its README says, with an identity provider on this machine.
import { randomBytes } from 'node:crypto';
import { auditLogin } from '@auditlogin/express';
import { Strategy } from '@node-saml/passport-saml';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import session from 'express-session';
import passport from 'passport';
import { startProvider } from './provider.mjs';

const base = `http://127.0.0.1:${process.env.PORT}`;
const USERS = new Map([['alice@example.com', { id: 'u-1', email: 'alice@example.com' }]]);
const serviceProvider = { entityId: `${base}/metadata`, callback: `${base}/login/callback` };
const provider = await startProvider(serviceProvider);

const strategy = new Strategy(
  {
    callbackUrl: serviceProvider.callback,
    entryPoint: `${provider.base}/sso`,
    logoutUrl: `${provider.base}/logout`,
    issuer: serviceProvider.entityId,
    idpCert: provider.certificate,
    validateInResponseTo: 'always',
  },
  (profile, done) => done(null, USERS.get(profile.email)),
  (profile, done) => done(null, USERS.get(profile.nameID)),
);
passport.use(strategy);
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id, done) => done(null, [...USERS.values()].find((user) => user.id === id) ?? false));

const app = express();
if (process.env.AUDIT === '1') {
  const audit = auditLogin({ preset: 'saml' });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.use(express.urlencoded({ extended: false, limit: '100kb' }));
app.use(session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false }));
app.use(passport.session());

const isGuess = (request) => request.body?.RelayState === 'guess';
app.use('/login/callback', rateLimit({ limit: 3, windowMs: 600_000, skip: (request) => !isGuess(request) }));
app.get('/login', passport.authenticate('saml', { failureRedirect: '/' }), (_request, response) => response.redirect('/'));
app.post('/login/callback', passport.authenticate('saml', { failureRedirect: '/' }), (_request, response) => response.redirect('/'));
app.get('/logout', (request, response, next) => {
  strategy.logout(request, (error, url) => {
    if (error) return next(error);
    return request.logout((problem) => (problem ? next(problem) : response.redirect(url)));
  });
});
app.get('/', (request, response) => response.send(request.user ? 'Logged in' : 'Logged out'));
app.use((_error, _request, response, _next) => response.status(500).send('The login did not succeed'));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
