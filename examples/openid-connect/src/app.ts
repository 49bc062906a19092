import { randomBytes } from 'node:crypto';
import type { Accounts } from '@auditlogin/example-shared';
import { auditLogin, type AuditLogin, mark } from '@auditlogin/express';
import express from 'express';
import session from 'express-session';
import * as openid from 'openid-client';

declare module 'express-session' {
  interface SessionData {
    pending: { state: string; verifier: string };
    userId: string;
  }
}

/** The settings for the provider. */
export interface Login {
  issuer: string;
  client_id: string;
  client_secret: string;
  redirect_uri: string;
}

/**
 * Creates an application whose users log in at an OpenID provider and return by a callback (OpenID Connect Core 1.0, section 3.1).
 *
 * @param accounts the accounts of the application
 * @param login the settings for the provider
 */
export async function createApp(accounts: Accounts, login: Login): Promise<{ app: express.Express; audit: AuditLogin }> {
  const config = await openid.discovery(new URL(login.issuer), login.client_id, login.client_secret, undefined, {
    // The provider of this example is on the same machine, without TLS.
    execute: [openid.allowInsecureRequests],
  });
  const app = express();
  app.disable('x-powered-by');
  const audit = auditLogin({ component: 'example-openid-connect', routes: ['GET /callback'], method: () => 'oidc' });
  app.use(audit);
  app.use(
    session({
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );

  app.get('/login', async (request, response) => {
    const pending = { state: openid.randomState(), verifier: openid.randomPKCECodeVerifier() };
    request.session.pending = pending;
    const target = openid.buildAuthorizationUrl(config, {
      redirect_uri: login.redirect_uri,
      scope: 'openid',
      state: pending.state,
      code_challenge: await openid.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    response.redirect(target.href);
  });

  app.get('/callback', async (request, response) => {
    const { pending } = request.session;
    try {
      if (!pending) throw new Error('nobody began to log in');
      const came = new URL(request.originalUrl, login.redirect_uri);
      const tokens = await openid.authorizationCodeGrant(config, came, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
      });
      const account = accounts.byName(tokens.claims()?.sub ?? '');
      if (!account) {
        mark(request).failure('user_not_found');
        return void response.status(403).send('No such account');
      }
      await new Promise<void>((resolve, reject) =>
        request.session.regenerate((problem) => (problem ? reject(problem as Error) : resolve())),
      );
      request.session.userId = account.id;
      mark(request).success({ actor: { id: account.id, name: account.displayName }, group: account.tenant, method: 'oidc' });
      response.redirect('/');
    } catch {
      // The provider's message may contain typed text, so it is not passed on.
      mark(request).failure('provider_error', { method: 'oidc' });
      response.status(401).send('The login did not succeed');
    }
  });

  app.get('/', (request, response) => {
    const account = accounts.byId(request.session.userId ?? '');
    response.type('text').send(account ? `Welcome, ${account.displayName}` : 'Please log in');
  });
  return { app, audit };
}
