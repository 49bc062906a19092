import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Runs an application on the loopback interface until a signal ends it.
 *
 * @param start creates the application, which may need its own address
 * @param stop ends the rest, such as the auditor, which then sends the waiting events
 */
export async function serve(
  start: (address: string) => RequestListener | Promise<RequestListener>,
  stop: () => Promise<void>,
): Promise<void> {
  const server = createServer();
  server.listen(Number(process.env['PORT'] ?? 3300), '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', await start(address));
  console.log(`listening on ${address}`);

  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  server.close();
  server.closeAllConnections();
  await stop();
}
