import { randomBytes } from 'node:crypto';
import type { Account, Accounts } from '@auditlogin/example-shared';
import { auditLogin, type AuditLogin, mark } from '@auditlogin/express';
import express from 'express';
import jwt from 'jsonwebtoken';

const ACCESS_TIME = '10m';
const REFRESH_TIME = '30d';

interface Claims {
  sub: string;
  use: 'access' | 'refresh';
}

/**
 * Creates an API that issues JSON Web Tokens. It has no sessions and never sets `req.user`, so its handlers state who logged in.
 *
 * @param accounts the accounts of the application
 */
export function createApp(accounts: Accounts): { app: express.Express; audit: AuditLogin } {
  const key = randomBytes(32);
  const sign = (account: Account, use: Claims['use'], expiresIn: typeof ACCESS_TIME | typeof REFRESH_TIME): string =>
    jwt.sign({ use }, key, { subject: account.id, expiresIn });
  const read = (token: string, use: Claims['use']): Account | undefined => {
    try {
      const claims = jwt.verify(token, key) as unknown as Claims;
      return claims.use === use ? accounts.byId(claims.sub) : undefined;
    } catch {
      return undefined;
    }
  };
  const bearer = (request: express.Request): Account | undefined =>
    read(request.get('authorization')?.replace(/^Bearer /i, '') ?? '', 'access');

  const audit = auditLogin({
    component: 'example-express-jwt',
    rules: [
      { match: 'POST /token/refresh', action: 'user.session.refresh' },
      { match: 'PUT /password', action: 'user.password.change' },
    ],
  });
  const app = express();
  app.disable('x-powered-by');
  app.use(audit, express.json({ limit: '16kb' }));

  app.post('/login', async (request, response) => {
    const { username = '', password = '' } = request.body as { username?: string; password?: string };
    const result = await accounts.login(username, password);
    if (!('account' in result)) {
      mark(request).failure(result.reason, 'known' in result ? { actor: actorOf(result.known) } : {});
      // The response is the same for every reason.
      return void response.status(401).json({ error: 'invalid_credentials' });
    }
    const { account } = result;
    mark(request).success({ actor: actorOf(account), group: account.tenant, factors: ['password'] });
    response.json({ access_token: sign(account, 'access', ACCESS_TIME), refresh_token: sign(account, 'refresh', REFRESH_TIME) });
  });

  app.post('/token/refresh', (request, response) => {
    const account = read((request.body as { refresh_token?: string }).refresh_token ?? '', 'refresh');
    if (!account) return void response.status(401).json({ error: 'invalid_token' });
    mark(request).success({ action: 'user.session.refresh', actor: actorOf(account), group: account.tenant });
    response.json({ access_token: sign(account, 'access', ACCESS_TIME) });
  });

  app.put('/password', async (request, response) => {
    const account = bearer(request);
    if (!account) return void response.status(401).json({ error: 'invalid_token' });
    const { current = '', next = '' } = request.body as { current?: string; next?: string };
    const details = { action: 'user.password.change', actor: actorOf(account), group: account.tenant } as const;
    if (!('account' in (await accounts.login(account.username, current)))) {
      mark(request).failure('wrong_password', details);
      return void response.status(403).json({ error: 'wrong_password' });
    }
    await accounts.setPassword(account.id, next);
    mark(request).success(details);
    response.status(204).end();
  });
  return { app, audit };
}

function actorOf({ id, displayName }: Account): { id: string; name: string } {
  return { id, name: displayName };
}
