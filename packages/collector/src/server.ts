import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuditError } from '@auditlogin/core';
import { createAccess } from './access/access.js';
import { openTokens, type Tokens } from './access/tokens.js';
import { collectorApp } from './app.js';
import { createMetrics } from './metrics.js';
import { type CollectorOptions, readCollectorSettings } from './options.js';
import { openStore } from './store/store.js';
import { startRetention } from './store/retention.js';

/** A running collector. */
export interface Collector extends AsyncDisposable {
  /** The base address of the API, for `AUDITLOG_API_BASE`. */
  readonly apiBase: string;
  readonly project: string;
  readonly token: string;
  /** The address of the viewer, which asks for a token. */
  readonly viewer: string;
  /** The address of the viewer with the token in its fragment, which browsers do not send. Opening it signs in, so keep it as secret as the token. */
  readonly viewerLink: string;
  /** The data folder, as an absolute path. */
  readonly dataDir: string;
  /** Further publisher tokens. */
  readonly tokens: Tokens;
  /**
   * Copies the database while the collector runs.
   *
   * @param file path of the copy
   * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if the file exists
   */
  backup(file: string): Promise<void>;
  /** Deletes the events beyond the bounds of `retention` now. @returns the number of deleted events */
  sweep(): Promise<number>;
  /** Answers the requests in flight, then stops. */
  close(): Promise<void>;
}

/** Number of pages that are copied at a time, small enough that requests do not wait for a backup. */
const BACKUP_PAGES = 256;
const REQUEST_TIMEOUT = 60_000;
const HEADERS_TIMEOUT = 10_000;

/**
 * Starts a collector: an audit log server with the Publisher API, its own storage and a viewer.
 *
 * @param options see {@link CollectorOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` or `ERR_AUDIT_OPTION_INVALID`, also for a port in use and for an address beyond loopback
 *   without a token
 */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const settings = readCollectorSettings(options);
  const store = openStore(settings.dataDir);
  const tokens = openTokens(store.db);
  const metrics = createMetrics(store);
  const server = createServer(collectorApp(settings, store, createAccess(settings, tokens), metrics));
  // The real server closes idle connections after 5 s (Publisher API, "Calls").
  server.keepAliveTimeout = 5_000;
  server.headersTimeout = HEADERS_TIMEOUT;
  server.requestTimeout = REQUEST_TIMEOUT;
  try {
    server.listen(settings.port, settings.host);
    await once(server, 'listening');
  } catch (thrown) {
    store.close();
    throw listenProblem(thrown, settings);
  }
  const retention = startRetention(store, settings.retention, settings.logger, metrics.deleted);
  const origin = `http://${reachable(settings.host)}:${(server.address() as AddressInfo).port}`;
  const viewer = `${origin}${settings.basePath}/`;

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    retention.stop();
    server.close();
    server.closeIdleConnections();
    // The connections of pages that follow the log do not end by themselves.
    const force = setTimeout(() => server.closeAllConnections(), 2_000);
    await once(server, 'close');
    clearTimeout(force);
    store.close();
  }
  const collector: Collector = {
    apiBase: origin + settings.basePath,
    project: settings.project,
    token: settings.token,
    viewer,
    viewerLink: `${viewer}#token=${encodeURIComponent(settings.token)}`,
    dataDir: settings.dataDir,
    tokens,
    backup: (file) => backUp(store, file, BACKUP_PAGES),
    sweep: retention.sweep,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => collector.close(),
  };
  return collector;
}

/**
 * Copies a store into a new file.
 *
 * @param store the store
 * @param file path of the copy
 * @param pages how many pages to copy at a time
 * @param progress called with the number of copied pages and the number of all pages
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if the file exists
 */
export async function backUp(
  store: ReturnType<typeof openStore>,
  file: string,
  pages: number,
  progress?: (done: number, total: number) => void,
): Promise<void> {
  if (existsSync(file)) {
    throw new AuditError('ERR_AUDIT_OPTION_INVALID', `The backup would overwrite ${file}; expected a file that does not exist.`, {
      field: 'file',
    });
  }
  await store.backup(file, pages, progress);
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function listenProblem(thrown: unknown, { port, host }: { port: number; host: string }): unknown {
  const invalid = (field: string, what: string): AuditError =>
    new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "${field}" is ${what}`, { field });
  switch ((thrown as { code?: unknown }).code) {
    case 'EADDRINUSE':
      return invalid('port', `${port}, which is taken by another process; choose another port, or 0 for any free port.`);
    case 'EACCES':
      return invalid('port', `${port}, which this account may not use; choose another port, or 0 for any free port.`);
    case 'EADDRNOTAVAIL':
      return invalid('host', `${host}, which is no address of this machine.`);
    default:
      return thrown;
  }
}
