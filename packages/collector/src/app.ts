import { join } from 'node:path';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import helmet from 'helmet';
import type { Access } from './access/access.js';
import { apiErrors } from './api/errors.js';
import { openapiDocument } from './api/openapi.js';
import { publisherApi } from './api/publisher-api.js';
import { hostCheck, isLoopback, type RefusalLimit, refusalLimit } from './guard.js';
import type { Metrics } from './metrics.js';
import type { CollectorSettings } from './options.js';
import publicFolder from './public-path.cjs';
import type { Store } from './store/store.js';
import { retracedViewerApi } from './viewer/retraced-viewer.js';
import { viewerApi } from './viewer/viewer-api.js';

const YEAR = 31_536_000;

/**
 * Creates the Express application of a collector.
 *
 * @param settings the settings of the collector
 * @param store the events
 * @param access the tokens and sessions
 * @param metrics the metrics
 */
export function collectorApp(settings: CollectorSettings, store: Store, access: Access, metrics: Metrics): Express {
  const { basePath, host, allowedHosts, trustedProxies, maxRefusals } = settings;
  const limit = refusalLimit(maxRefusals);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', trustedProxies);
  app.use(metrics.observe, policy());
  // This route precedes the check of Host, since load balancers and kubelets use the address instead of a name.
  app.get('/healthz', health(store));
  app.use(hostCheck(host, allowedHosts));
  app.get('/metrics', forMachines(access, limit, isLoopback(host)), async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  app.use(basePath || '/', singleSlash, publisherApi(store, access, limit), retracedViewerApi(store, access.viewers, limit));
  const pages = Router({ strict: true });
  pages.use(viewerApi(store, access.viewers, limit));
  pages.get('/openapi.json', (request, response) => void response.json(openapiDocument(`${request.baseUrl}/`)));
  pages.use('/assets', express.static(join(publicFolder.publicPath, 'assets'), { immutable: true, maxAge: YEAR * 1000, index: false }));
  pages.use('/console', consolePolicy(), express.static(join(publicFolder.publicPath, 'console')));
  pages.get('/', (request, response) => {
    const path = request.originalUrl.replace(/\?.*$/, '');
    // The links on the page are relative to its folder.
    if (!path.endsWith('/')) return response.redirect(308, `${path}/`);
    response.set('cache-control', 'no-store').sendFile(join(publicFolder.publicPath, 'index.html'));
  });
  for (const path of new Set(['/', basePath || '/'])) app.use(path, pages);
  apiErrors(app);
  return app;
}

/** Clients whose base path ends in a slash request `//publisher/…`. */
function singleSlash(request: Request, _response: Response, next: NextFunction): void {
  request.url = request.url.replace(/^\/{2,}/, '/');
  next();
}

function policy(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
      },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
}

/** Swagger UI writes inline styles and markup, which the policy of the other pages forbids. It shows only our own document. */
function consolePolicy(): RequestHandler {
  return (_request, response, next) => {
    response.set(
      'content-security-policy',
      "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'",
    );
    next();
  };
}

function health(store: Store): RequestHandler {
  return (_request, response) => {
    try {
      store.lastSeq();
      response.json({ status: 'ok' });
    } catch {
      response.status(503).json({ status: 'failing' });
    }
  };
}

/** Metrics contain no personal data, but reveal how busy a company is, so beyond loopback they require a token. */
function forMachines(access: Access, limit: RefusalLimit, isOpen: boolean): RequestHandler {
  return (request: Request, response: Response, next) => {
    const token = /(?:token=|Bearer )(.+)/.exec(request.headers.authorization ?? '')?.[1];
    if (isOpen || (token !== undefined && access.publisher(token)?.mayRead)) return next();
    limit.refuse(request, response, 'The metrics require a publisher token');
  };
}
