import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuditError } from '@auditlogin/core';
import express from 'express';
import helmet from 'helmet';
import { type CollectorOptions, readCollectorSettings } from './options.js';
import { apiErrors, publisherApi } from './publisher-api.js';
import { openStore } from './store.js';
import { viewer } from './viewer.js';

export type { CollectorOptions } from './options.js';

/** A running collector. */
export interface Collector extends AsyncDisposable {
  /** What goes into `AUDITLOG_API_BASE`. */
  readonly apiBase: string;
  readonly project: string;
  readonly token: string;
  /** The address of the viewer. */
  readonly viewer: string;
  /** The folder with the events. */
  readonly dataDir: string;
  /** Answers what is in flight, then stops. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const LOOPBACK_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * Starts a collector: an audit log server with the Publisher API, storage of its own and a viewer. It listens on the loopback interface only.
 *
 * @param options see {@link CollectorOptions}
 * @throws AuditError `ERR_AUDIT_OPTION_UNKNOWN` or `ERR_AUDIT_OPTION_INVALID`, also for a port that is taken
 */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const settings = readCollectorSettings(options);
  const store = openStore(settings.dataDir);
  const server = createServer(collectorApp(settings.basePath, settings, store));
  // The real server closes idle connections after 5 s (Publisher API, "Calls").
  server.keepAliveTimeout = 5_000;
  try {
    server.listen(settings.port, LOOPBACK);
    await once(server, 'listening');
  } catch (thrown) {
    store.close();
    throw portProblem(thrown, settings.port);
  }
  const origin = `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`;

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    server.closeIdleConnections();
    server.close();
    await once(server, 'close');
    store.close();
  }
  const collector: Collector = {
    apiBase: origin + settings.basePath,
    project: settings.project,
    token: settings.token,
    viewer: `${origin}/`,
    dataDir: settings.dataDir,
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => collector.close(),
  };
  return collector;
}

function collectorApp(basePath: string, access: { project: string; token: string }, store: ReturnType<typeof openStore>): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          styleSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: false,
    }),
  );
  // A page of another site that has its name point here (DNS rebinding) still names itself in `Host`.
  app.use((request, response, next) => {
    if (LOOPBACK_NAMES.test(request.headers.host ?? '')) next();
    else response.status(403).json({ status: 403, error: 'This collector is reached as localhost only', type: 'invalid_request' });
  });
  const api = publisherApi(store, access);
  const pages = viewer(store, access.project);
  app.use(basePath || '/', (request, response, next) => {
    request.url = request.url.replace(/^\/{2,}/, '/');
    api(request, response, next);
  });
  for (const path of new Set(['/', basePath || '/'])) app.use(path, pages);
  apiErrors(app);
  return app;
}

function portProblem(thrown: unknown, port: number): unknown {
  const code = (thrown as { code?: unknown }).code;
  if (code !== 'EADDRINUSE' && code !== 'EACCES') return thrown;
  const why = code === 'EADDRINUSE' ? 'is taken by another process' : 'may not be used by this account';
  return new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "port" is ${port}, which ${why}; choose another, or 0 for any free one.`, {
    field: 'port',
  });
}
