import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** A TCP proxy between an application and its audit log that records every byte. */
export interface Wiretap {
  /** The address of the audit log through the proxy. */
  apiBase: string;
  /** The bytes that were sent to the audit log so far. */
  sent(): Buffer;
  close(): Promise<void>;
}

/**
 * Starts a proxy.
 *
 * @param apiBase address of the audit log, without TLS
 */
export async function startWiretap(apiBase: string): Promise<Wiretap> {
  const { hostname, port, pathname } = new URL(apiBase);
  const pieces: Buffer[] = [];
  const open = new Set<{ destroy(): unknown }>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => (client.destroy(), upstream.destroy()));
      socket.on('close', () => open.delete(socket));
    }
    client.on('data', (piece) => pieces.push(Buffer.from(piece)));
    client.pipe(upstream).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    apiBase: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname === '/' ? '' : pathname}`,
    sent: () => Buffer.concat(pieces),
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
