// The quick start of express-openid-connect with the authorization code flow, a custom logout route, and a provider on this machine.
import { randomBytes } from 'node:crypto';
import { auditLogin, mark } from '@auditlogin/express';
import express from 'express';
import openid from 'express-openid-connect';
import { rateLimit } from 'express-rate-limit';
import { startProvider } from './provider.mjs';

const { auth, requiresAuth } = openid;
const baseURL = `http://127.0.0.1:${process.env.PORT}`;
const client = { client_id: 'app', client_secret: randomBytes(24).toString('base64url') };
const issuerBaseURL = await startProvider({ ...client, redirect_uris: [`${baseURL}/callback`], post_logout_redirect_uris: [baseURL] });

const app = express();
if (process.env.AUDIT === '1') {
  // Errors have other statuses, so the rule reads only redirects.
  const outcome = ({ request, status }) => (status === 302 ? byProvider(request.oidc) : undefined);
  const audit = auditLogin({ preset: 'oidc', outcome });
  process.once('SIGTERM', () => void audit.auditor.close().finally(() => process.exit()));
  app.use(audit);
}
const isForged = (request) => request.query.state === 'forged';
app.use('/callback', rateLimit({ limit: 3, windowMs: 600_000, skip: (request) => !isForged(request) }));
app.use(
  auth({
    baseURL,
    issuerBaseURL,
    clientID: client.client_id,
    clientSecret: client.client_secret,
    secret: randomBytes(32).toString('hex'),
    authRequired: false,
    idpLogout: true,
    routes: { logout: false },
    authorizationParams: { response_type: 'code', scope: 'openid profile email' },
  }),
);
app.get('/', (request, response) => response.send(request.oidc.isAuthenticated() ? 'Logged in' : 'Logged out'));
app.get('/profile', requiresAuth(), (request, response) => response.json(request.oidc.user));
app.get('/refresh', requiresAuth(), async (request, response) => {
  const { token_type } = await request.oidc.accessToken.refresh();
  response.json({ token_type });
});
app.get('/logout', (request, response) => {
  mark(request).success({ action: 'user.logout', actor: request.oidc.user?.sub });
  response.oidc.logout();
});
app.get('/silent', (_request, response) => response.oidc.silentLogin({ returnTo: '/' }));
app.use((error, _request, response, _next) => response.status(error.statusCode ?? 500).send(error.error ?? 'error'));
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));

function byProvider(oidc) {
  return oidc.isAuthenticated() ? { outcome: 'success', actor: oidc.user.sub } : 'failure';
}
