import { EnvHttpProxyAgent, request } from 'undici';
import { type Credentials, pem } from './credentials.js';
import type { Cluster } from './kubeconfig.js';

/** How long a connection and a response may take, in milliseconds. */
const TIMEOUT = 10_000;

/** A cluster's API server. */
export interface ApiServer {
  /**
   * Requests a path below the server's address.
   *
   * @param path path and query, encoded
   * @returns the status, and the body if the status is 200
   * @throws the error of the connection, or a SyntaxError if the body is not JSON
   */
  get(path: string): Promise<{ status: number; body?: unknown }>;
  close(): Promise<void>;
}

/**
 * Creates a client for a cluster's API server. It uses the cluster's proxy, or the one in `HTTPS_PROXY`.
 *
 * @param cluster address, certificate authority and proxy
 * @param credentials credentials of the user
 */
export function apiServer(cluster: Cluster, { headers, cert, key }: Credentials): ApiServer {
  const tls = {
    ca: pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
    cert,
    key,
    servername: cluster['tls-server-name'] ?? undefined,
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    timeout: TIMEOUT,
  };
  const proxy = cluster['proxy-url'];
  const dispatcher = new EnvHttpProxyAgent({
    connect: tls,
    requestTls: tls,
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
    ...(proxy ? { httpProxy: proxy, httpsProxy: proxy, noProxy: '' } : {}),
  });
  const base = cluster.server.replace(/\/+$/, '');
  return {
    async get(path) {
      const { statusCode: status, body } = await request(`${base}${path}`, {
        dispatcher,
        headers: { ...headers, accept: 'application/json' },
      });
      if (status === 200) return { status, body: await body.json() };
      await body.dump();
      return { status };
    },
    close: () => dispatcher.close(),
  };
}
