// Opens the engine in the environment variables, for processes that tests kill.
import { postgresSpool } from '@auditlogin/postgres';

const LEASE = 3_000;

export async function engineIn({ POSTGRES_URL, NATS_SERVERS, REPLICAS, STREAM }) {
  if (POSTGRES_URL) return postgresSpool({ connection: POSTGRES_URL, lease: LEASE });
  const { jetStreamSpool } = await import('@auditlogin/jetstream');
  return jetStreamSpool({ servers: NATS_SERVERS.split(','), replicas: Number(REPLICAS), lease: LEASE, ...(STREAM && { stream: STREAM }) });
}
