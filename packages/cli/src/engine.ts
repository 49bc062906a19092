import { AuditError } from '@auditlogin/core';
import type { SharedSpool } from '@auditlogin/core/engine';
import { durationIn, invalid, numberIn } from './flags.js';

/** The flags that choose the engine and its address. */
export interface EngineFlags {
  engine?: string;
  postgresUrl?: string;
  nats?: string;
  natsCredentials?: string;
  stream: string;
  replicas: string;
  lease: string;
}

/** The operations on an engine. */
export interface Engine {
  name: 'postgres' | 'jetstream';
  /** Opens the spool. */
  open(): Promise<SharedSpool>;
  /** Creates the tables or streams. @returns a message for the user */
  init(): Promise<string>;
}

/**
 * Chooses the engine by the flags, which default to the environment.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` or `ERR_AUDIT_CONFIG_MISSING`
 */
export function engineIn(flags: EngineFlags): Engine {
  const name = flags.engine ?? (flags.postgresUrl !== undefined ? 'postgres' : flags.nats !== undefined ? 'jetstream' : undefined);
  const lease = durationIn('lease', flags.lease);
  if (name === 'postgres') {
    const connection = flags.postgresUrl;
    return {
      name,
      async open() {
        const { postgresSpool } = await import('@auditlogin/postgres');
        return postgresSpool({ lease, ...(connection !== undefined && { connection }) });
      },
      async init() {
        const { migrate } = await import('@auditlogin/postgres');
        const { Client } = (await import('pg')).default;
        const client = new Client(connection === undefined ? {} : { connectionString: connection });
        try {
          await client.connect();
          await migrate(client);
        } catch (thrown) {
          const { code, message } = thrown as { code?: string; message?: string };
          throw new AuditError('ERR_AUDIT_ENGINE', `PostgreSQL failed: ${code ?? ''} ${message?.slice(0, 200) ?? ''}`.trim());
        } finally {
          await client.end().catch(() => undefined);
        }
        return 'The tables auditlogin_outbox, auditlogin_instances and auditlogin_set_aside exist.';
      },
    };
  }
  if (name === 'jetstream') {
    const options = async () => ({
      servers: (flags.nats ?? '127.0.0.1:4222').split(','),
      stream: flags.stream,
      replicas: numberIn('replicas', flags.replicas, 1, 5),
      lease,
      ...(flags.natsCredentials !== undefined && { connection: await credentials(flags.natsCredentials) }),
    });
    return {
      name,
      async open() {
        const { jetStreamSpool } = await import('@auditlogin/jetstream');
        return jetStreamSpool(await options());
      },
      async init() {
        const { initJetStream } = await import('@auditlogin/jetstream');
        await initJetStream(await options());
        return `The streams ${flags.stream} and ${flags.stream}_SET_ASIDE exist.`;
      },
    };
  }
  if (name !== undefined) throw invalid('engine', name, '"postgres" or "jetstream"');
  throw new AuditError(
    'ERR_AUDIT_CONFIG_MISSING',
    'No engine is chosen. Give --postgres-url (AUDITLOG_POSTGRES_URL) or --nats (AUDITLOG_NATS).',
  );
}

async function credentials(file: string) {
  const [{ readFile }, { credsAuthenticator }] = await Promise.all([import('node:fs/promises'), import('@nats-io/transport-node')]);
  try {
    return { authenticator: credsAuthenticator(await readFile(file)) };
  } catch (thrown) {
    throw invalid('nats-credentials', file, `a readable file of credentials (${(thrown as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
}
