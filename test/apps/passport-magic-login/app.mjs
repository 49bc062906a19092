// passport-magic-login, set up as its README says. Sent mails are at /outbox.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { auditLogin } from '@auditlogin/express';
import express from 'express';
import session from 'express-session';
import jwt from 'jsonwebtoken';
import passport from 'passport';
import magicLogin from 'passport-magic-login';

const secret = randomBytes(32).toString('hex');
const USERS = new Map([
  ['alice@example.com', { id: 'u-1', email: 'alice@example.com' }],
  ['slow@example.com', { id: 'u-2', email: 'slow@example.com' }],
]);
const outbox = [];

const strategy = new magicLogin.default({
  secret,
  callbackUrl: '/auth/magiclogin/callback',
  sendMagicLink: async (destination, href) => {
    if (destination === 'broken@example.com') throw new Error('the mail server is down');
    outbox.push({ destination, href });
  },
  verify: (payload, callback, request) => void verify(payload, request).then((user) => callback(null, user), callback),
  jwtOptions: { expiresIn: '10m' },
});

async function verify({ destination }, request) {
  if (destination === 'error@example.com') throw new Error('the database is down');
  if (destination === 'slow@example.com') {
    request.res.writeProcessing();
    await once(request.res, 'close');
  }
  return USERS.get(destination) ?? false;
}

passport.use(strategy);
passport.serializeUser((user, done) => done(null, user.id));
passport.deserializeUser((id, done) => done(null, [...USERS.values()].find((user) => user.id === id) ?? false));

const app = express();
if (process.env.AUDIT === '1') {
  const audit = auditLogin({ preset: 'magic-link' });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
app.use(express.json());
app.use(session({ secret, resave: false, saveUninitialized: false }));
app.use(passport.session());

app.post('/auth/magiclogin', strategy.send);
app.get('/auth/magiclogin/callback', passport.authenticate('magiclogin'), (request, response) => response.redirect('/'));
app.post('/logout', (request, response, next) => request.logout((error) => (error ? next(error) : response.redirect('/'))));
app.get('/', (request, response) => response.send(request.user ? 'Logged in' : 'Logged out'));

app.get('/outbox/:destination', (request, response) => {
  response.json(outbox.findLast(({ destination }) => destination === request.params.destination));
});
app.get('/expired/:destination', ({ params }, response) => {
  response.json({ href: `/auth/magiclogin/callback?token=${jwt.sign(params, secret, { expiresIn: -1 })}` });
});
app.use((_error, _request, response, _next) => response.status(500).send('The login did not succeed'));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
