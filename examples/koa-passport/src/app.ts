import { randomBytes } from 'node:crypto';
import type { Account, Accounts, LoginResult } from '@auditlogin/example-shared';
import { auditLogin, type AuditLogin, mark } from '@auditlogin/koa';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { KoaPassport } from 'koa-passport';
import session from 'koa-session';
import { Strategy } from 'passport-local';

/**
 * Creates an application with a form, koa-session and koa-passport. Success and failure redirect to the same page, so only the session distinguishes them.
 *
 * @param accounts the accounts of the application
 */
export function createApp(accounts: Accounts): { app: Koa; audit: AuditLogin } {
  const passport = new KoaPassport();
  passport.use(
    new Strategy((username, password, done) => {
      accounts
        .login(username, password)
        .then((result) => ('account' in result ? done(null, result.account) : done(null, false, result as never)), done);
    }),
  );
  passport.serializeUser((user, done) => done(null, (user as Account).id));
  passport.deserializeUser((id: string, done) => done(null, accounts.byId(id) ?? false));

  const app = new Koa();
  app.keys = [randomBytes(32).toString('hex')];
  const audit = auditLogin({
    component: 'example-koa-passport',
    rules: [{ match: 'POST /logout', action: 'user.logout' }],
    group: ({ user }) => (user as Account | undefined)?.tenant,
  });
  // koa-session loads the session when its middleware runs, so the audit is mounted after it.
  app.use(session(app) as Middleware);
  app.use(audit);
  app.use(bodyParser() as Middleware);
  app.use(passport.initialize());
  app.use(passport.session());

  const router = new Router();
  router.post('/login', (context, next) =>
    (
      passport.authenticate('local', async (_error: unknown, account: Account | false, info: LoginResult) => {
        if (account) {
          await (context as unknown as { logIn(user: Account): Promise<void> }).logIn(account);
          return context.redirect('/');
        }
        const known = 'known' in info ? { id: info.known.id, name: info.known.displayName } : undefined;
        mark(context).failure('reason' in info ? info.reason : 'invalid_credentials', known && { actor: known });
        context.redirect('/');
      }) as unknown as (context: unknown, next: unknown) => Promise<void>
    )(context, next),
  );
  router.post('/logout', async (context) => {
    await (context as unknown as { logout(): Promise<void> }).logout();
    context.redirect('/');
  });
  router.get('/', (context) => {
    const { user } = context.state as { user?: Account };
    context.body = user ? `Welcome, ${user.displayName}` : 'Please log in';
    context.type = 'text/plain';
  });
  app.use(router.routes() as unknown as Middleware);
  return { app, audit };
}
