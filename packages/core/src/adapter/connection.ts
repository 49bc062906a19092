/** A request that waits for the end of its response. */
interface Waiting {
  hungUp(): void;
}

const WAITING = Symbol.for('auditlogin.waiting');
type Socket = { [WAITING]?: Set<Waiting>; on?(event: 'close', listener: () => void): unknown };

/**
 * Listens for the end of a connection. Pipelined requests share a connection, and node:http emits `close` only on the response whose turn it is (RFC
 * 9112, section 9.3.2); the other responses would never end.
 *
 * @param socket the connection; hosts without one may pass any value
 * @param waiting called when the connection closes
 * @returns a function that stops listening
 */
export function onConnectionClosed(socket: unknown, waiting: Waiting): () => void {
  const connection = socket as Socket | null | undefined;
  if (typeof connection?.on !== 'function') return () => undefined;
  let all = connection[WAITING];
  if (!all) {
    const made = new Set<Waiting>();
    Object.defineProperty(connection, WAITING, { value: made });
    connection.on('close', () => {
      for (const one of [...made]) one.hungUp();
    });
    all = made;
  }
  const set = all;
  set.add(waiting);
  return () => set.delete(waiting);
}
