import type { NextFunction, Request, Response } from 'express';
import { Router } from 'express';
import * as v from 'valibot';
import type { Viewers } from '../access/viewers.js';
import { invalidQuery, refuse } from '../api/errors.js';
import { eventsQuery, exportQuery } from '../api/queries.js';
import { lineOf, readAll, writeLines } from '../api/lines.js';
import type { RefusalLimit } from '../guard.js';
import { readPageCursor } from '../store/cursor.js';
import { checkedCondition } from '../store/filter-check.js';
import { type Filters, filtersSchema } from '../store/filters.js';
import type { Store } from '../store/store.js';
import { csvRow, csvStream } from './csv.js';
import { liveFeed } from './live.js';
import { viewerEvent } from './rows.js';
import { sessionIn, sessionOf, sessionRoutes } from './session.js';
import { stepFor } from './steps.js';

const PAGE = 100;
/** Counting stops at this number, because counting all events of a large log is slow. */
const COUNT_BOUND = 1_001;
const HOUR = 3_600_000;
const TOP = 8;

/**
 * Creates the routes that the viewer's page calls: events, timeline, failures, new events, exports.
 *
 * @param store the store of the events
 * @param viewers the viewer tokens and sessions
 * @param limit limits clients that guess tokens
 */
export function viewerApi(store: Store, viewers: Viewers, limit: RefusalLimit): Router {
  const router = Router();
  router.use('/viewer', ownPagesOnly);
  router.use(sessionRoutes(store, viewers, limit));
  router.use('/viewer', (request, response, next) => {
    const session = sessionOf(request, viewers);
    if (!session) return refuse(response, { status: 401, error: 'Not signed in' });
    response.locals['session'] = session;
    response.set('cache-control', 'no-store');
    next();
  });

  router.get('/viewer/events', (request, response) => {
    const asked = read(eventsQuery, request, response);
    if (!asked) return;
    const { before, ...filters } = asked;
    const { scope } = sessionIn(response);
    const condition = checkedCondition(store, scope, filters);
    const { events, hasMore } = store.find(scope, condition, PAGE, 'newest', readPageCursor(before));
    const total = store.count(scope, condition, COUNT_BOUND);
    response.json({
      events: events.map(viewerEvent),
      total: Math.min(total, COUNT_BOUND - 1),
      isMore: total === COUNT_BOUND,
      hasOlder: hasMore,
    });
  });

  router.get('/viewer/timeline', (request, response) => {
    const filters = read(filtersSchema, request, response);
    if (!filters) return;
    const { scope } = sessionIn(response);
    const condition = checkedCondition(store, scope, filters);
    const span = spanOf(filters, () => store.span(scope, condition));
    const { from, to, step } = span;
    response.json({ from, to, step, counts: store.timeline(scope, condition, from, step) });
  });

  router.get('/viewer/failures', (_request, response) => {
    const { scope } = sessionIn(response);
    const since = Date.now() - HOUR;
    const top = (by: 'address' | 'account'): object[] => store.failures(scope, by, since, TOP);
    response.json({ since, sources: top('address'), accounts: top('account') });
  });

  const feed = liveFeed(store);
  router.get('/viewer/live', async (request, response) => {
    const filters = read(filtersSchema, request, response);
    if (!filters) return;
    const session = sessionIn(response);
    const condition = checkedCondition(store, session.scope, filters);
    if (!feed.hasRoom(session)) return refuse(response, { status: 429, error: 'Too many pages of this session follow the log already' });
    await feed.follow(session, condition, request, response, () => sessionOf(request, viewers) !== undefined);
  });

  router.get('/viewer/export', async (request, response) => {
    const asked = read(exportQuery, request, response);
    if (!asked) return;
    const { format, ...filters } = asked;
    const { scope } = sessionIn(response);
    const condition = checkedCondition(store, scope, filters);
    response.attachment(`audit-log-${scope.project.replace(/[^\w.-]/g, '_')}.${format}`);
    if (format === 'ndjson') return writeLines(store, scope, condition, response);
    if (format === 'csv') {
      response.type('text/csv; charset=utf-8');
      const csv = csvStream();
      csv.pipe(response);
      for await (const events of readAll(store, scope, condition, 'newest')) {
        if (response.destroyed) return;
        for (const event of events) csv.write(csvRow(event));
      }
      csv.end();
      return;
    }
    response.type('application/json');
    let divider = '[';
    for await (const events of readAll(store, scope, condition, 'newest')) {
      if (response.destroyed) return;
      response.write(divider + events.map((event) => JSON.stringify(lineOf(event))).join(',\n'));
      divider = ',\n';
    }
    response.end(divider === '[' ? '[]\n' : ']\n');
  });
  return router;
}

/** Refuses requests that a browser sends for a page of another site (W3C Fetch Metadata, `Sec-Fetch-Site`). */
function ownPagesOnly(request: Request, response: Response, next: NextFunction): void {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') next();
  else refuse(response, { status: 403, error: 'The viewer accepts only requests of its own pages' });
}

function read<S extends v.GenericSchema>(schema: S, request: Request, response: Response): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, request.query);
  if (result.success) return result.output;
  refuse(response, invalidQuery(result.issues));
  return undefined;
}

/** The span of a timeline: the requested one, else from the first event to the last. */
function spanOf(
  { from, to }: Filters,
  find: () => { first: number; last: number } | undefined,
): { from: number; to: number; step: number } {
  const found = from === undefined || to === undefined ? find() : undefined;
  const last = to ?? Math.max(Date.now(), found?.last ?? 0) + 1;
  const first = from ?? found?.first ?? last - HOUR;
  const step = stepFor(last - first);
  return { from: Math.floor(first / step) * step, to: last, step };
}
