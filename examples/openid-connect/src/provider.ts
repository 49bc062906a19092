import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Accounts } from '@auditlogin/example-shared';
import Provider from 'oidc-provider';

/** The client of the provider. */
export interface Client {
  client_id: string;
  client_secret: string;
  redirect_uri: string;
}

/** A running OpenID provider. */
export interface RunningProvider {
  issuer: string;
  close(): void;
}

/**
 * Starts an OpenID provider on the loopback interface for this example. Its pages let anybody log in as any account.
 *
 * @param accounts the accounts of the provider
 * @param client the client of the provider
 */
export async function startProvider(accounts: Accounts, { client_id, client_secret, redirect_uri }: Client): Promise<RunningProvider> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ['code'], grant_types: ['authorization_code'] }],
    findAccount(_context, id) {
      const account = accounts.byName(id);
      return account && { accountId: id, claims: () => ({ sub: id }) };
    },
    cookies: { keys: [randomBytes(32).toString('hex')] },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    issuer,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
