import { randomBytes } from 'node:crypto';
import type { Account, Accounts, LoginResult } from '@auditlogin/example-shared';
import { auditLogin, type AuditLogin, type AuditLoginOptions, mark } from '@auditlogin/express';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { homePage, loginPage } from './pages.js';

/** The application and its audit, whose auditor must be closed at the end. */
export interface ExampleApp {
  app: express.Express;
  audit: AuditLogin;
}

/**
 * Creates an application with a login page, sessions and tenants.
 *
 * @param accounts the accounts of the application
 * @param options options of auditlogin; an application that is configured by its environment needs none
 */
export function createApp(accounts: Accounts, options: AuditLoginOptions = {}): ExampleApp {
  const users = new passport.Passport();
  users.use(
    new Strategy((username, password, done) => {
      accounts.login(username, password).then((result) => {
        if ('account' in result) done(null, result.account);
        else done(null, false, result as never);
      }, done);
    }),
  );
  users.serializeUser((user, done) => done(null, (user as Account).id));
  users.deserializeUser((id: string, done) => done(null, accounts.byId(id) ?? false));

  const app = express();
  app.disable('x-powered-by');
  // This line is the audit. Its options are specific to this application: the form names a tenant, until a login proves one.
  const audit = auditLogin({
    component: 'example-express-passport',
    group: ({ user, body }) => (user as Account | undefined)?.tenant ?? ((body as { tenant?: string } | undefined)?.tenant || null),
    ...options,
  });
  app.use(audit);
  app.use(express.urlencoded({ extended: false, limit: '16kb' }));
  app.use(
    session({
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(users.session());

  app.get('/login', (request, response) => void response.type('html').send(loginPage('error' in request.query)));
  app.post('/login', (request, response, next) => {
    const finish = (error: unknown, account: Account | false | undefined, info: unknown): void => {
      if (error) return next(error);
      if (account) return request.logIn(account, (problem) => (problem ? next(problem) : response.redirect('/')));
      sayWhy(request, info as LoginResult);
      response.redirect('/login?error');
    };
    (users.authenticate('local', finish as never) as express.RequestHandler)(request, response, next);
  });
  app.post('/logout', (request, response, next) => request.logout((problem) => (problem ? next(problem) : response.redirect('/login'))));
  app.get('/', (request, response) => {
    const account = request.user as Account | undefined;
    if (account) response.type('html').send(homePage(account));
    else response.redirect('/login');
  });
  return { app, audit };
}

/** The reasons are only for the audit; the response is the same for every reason. */
function sayWhy(request: express.Request, result: LoginResult): void {
  if ('account' in result || !('reason' in result)) return mark(request).failure('invalid_credentials');
  const known = 'known' in result ? { id: result.known.id, name: result.known.displayName } : undefined;
  mark(request).failure(result.reason, known && { actor: known });
}
