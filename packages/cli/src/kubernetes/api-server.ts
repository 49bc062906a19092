import { EnvHttpProxyAgent, request } from 'undici';
import { type Credentials, pem } from './credentials.js';
import type { Cluster } from './kubeconfig.js';

/** How long a connection and an answer may take, in milliseconds. */
const TIMEOUT = 10_000;

/** A cluster's API server. */
export interface ApiServer {
  /**
   * Asks for one path below the server's address.
   *
   * @param path with its query, encoded
   * @returns the status, and the body if the status is 200
   * @throws what the connection failed with, or a SyntaxError for a body that is no JSON
   */
  get(path: string): Promise<{ status: number; body?: unknown }>;
  close(): Promise<void>;
}

/**
 * Connects to a cluster, through its proxy if it has one, or through that of `HTTPS_PROXY`.
 *
 * @param cluster its address and who vouches for it
 * @param credentials who asks
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
