import { AuditError } from '@auditlogin/core';
import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { checkReplicas, connectTo, engineError, leasesOf, type ReadyOptions } from './streams.js';

/** An open connection to the cluster and its clients. */
export interface Cluster {
  connection: NatsConnection;
  /** Whether a node is connected now. */
  isConnected(): boolean;
  client: JetStreamClient;
  manager: JetStreamManager;
  leases: KV;
  partitions: number;
}

/** Connects to the cluster on first use, and again after a failure. */
export class ClusterLink {
  private cluster: Promise<Cluster> | undefined;
  private isClosed = false;

  constructor(private readonly options: ReadyOptions) {}

  /**
   * Runs a request with a time-out.
   *
   * @param work the request; its signal is aborted when the request has timed out
   * @throws AuditError `ERR_AUDIT_ENGINE` if the request fails or times out, `ERR_AUDIT_CLOSED` after {@link close}
   */
  async ask<T>(work: (cluster: Cluster, late: AbortSignal) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new AuditError('ERR_AUDIT_CLOSED', 'The spool in JetStream is closed.');
    const mine = (this.cluster ??= open(this.options));
    // A connection that failed to open is opened again by the next request.
    mine.catch(() => void (this.cluster === mine && (this.cluster = undefined)));
    const { timeout } = this.options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeout);
    const tooLate = new Promise<never>((_, reject) => {
      const error = new AuditError('ERR_AUDIT_ENGINE', `NATS JetStream did not respond within ${timeout} ms.`);
      late.signal.addEventListener('abort', () => reject(error));
    });
    try {
      const opened = await Promise.race([mine, tooLate]);
      if (!opened.isConnected()) throw new AuditError('ERR_AUDIT_ENGINE', 'NATS JetStream failed: no node can be reached.');
      return await Promise.race([work(opened, late.signal), tooLate]);
    } catch (thrown) {
      throw engineError(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const opened = await this.cluster?.catch(() => undefined);
    await opened?.connection.close();
  }
}

async function open(options: ReadyOptions): Promise<Cluster> {
  const { timeout } = options;
  const connection = await connectTo(options);
  try {
    const manager = await jetstreamManager(connection, { timeout, checkAPI: false });
    const partitions = await checkReplicas(manager, options);
    let isConnected = true;
    void (async () => {
      for await (const { type } of connection.status()) if (/^(?:disconnect|reconnect)$/.test(type)) isConnected = type === 'reconnect';
    })();
    return {
      connection,
      isConnected: () => isConnected,
      client: jetstream(connection, { timeout }),
      manager,
      leases: await leasesOf(connection, options),
      partitions,
    };
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
}
