import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const PASSWORDS = new Map([
  ['alice', 'correct-horse-battery'],
  ['bob', 'purple-monkey-dishwasher'],
]);

/**
 * Starts an OpenID provider that asks for name and password.
 *
 * @param {{ client_id: string, client_secret: string, redirect_uris: string[], post_logout_redirect_uris: string[] }} client the client of the provider
 * @returns {Promise<string>} the issuer of the provider
 */
export async function startProvider(client) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ ...client, grant_types: ['authorization_code', 'refresh_token'] }],
    findAccount: (_context, id) => (PASSWORDS.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    // The provider asks for no consent, since it has only one application.
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    issueRefreshToken: () => true,
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    const interaction = /^\/interaction\/[\w-]+(\/abort)?$/.exec(request.url);
    if (!interaction) handle(request, response);
    else if (request.method === 'GET')
      response.end('<form method="post"><input name="name"><input name="password" type="password"></form>');
    else answer(provider, request, response, interaction[1] !== undefined).catch((error) => response.writeHead(500).end(error.message));
  });
  return issuer;
}

async function answer(provider, request, response, isAborted) {
  const typed = new URLSearchParams((await request.setEncoding('utf8').toArray()).join(''));
  if (isAborted) {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'The person went away' });
  } else if (PASSWORDS.get(typed.get('name')) === typed.get('password')) {
    await provider.interactionFinished(request, response, { login: { accountId: typed.get('name') } });
  } else {
    response.writeHead(401).end('wrong name or password');
  }
}
