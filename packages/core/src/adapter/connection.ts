/** What waits for an answer on a connection. */
interface Waiting {
  hungUp(): void;
}

const WAITING = Symbol.for('auditlogin.waiting');
type Socket = { [WAITING]?: Set<Waiting>; on?(event: 'close', listener: () => void): unknown };

/**
 * Tells when a connection closes. Pipelined requests share one, and node:http tells only the response whose turn it is (RFC 9112, section 9.3.2); the
 * responses behind it would never end.
 *
 * @param socket the connection; hosts without one pass anything
 * @param waiting is told
 * @returns stops telling
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
