import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Viewers } from '../access/viewers.js';
import { refuse } from '../api/errors.js';
import { graphqlQuery, sendGraphql } from '../api/graphql-http.js';
import { bodyOf, jsonBody } from '../api/json-body.js';
import type { RefusalLimit } from '../guard.js';
import type { Store } from '../store/store.js';
import { sessionIn } from './session.js';
import { recordView } from './view-record.js';

const GRAPHQL = ['/viewer/v1/graphql', '/viewer/v1/graphql/paginated'];

/**
 * Creates Retraced's API for viewers, which its own viewer component calls. A viewer token is exchanged for the token of a session, which every further call
 * sends in `Authorization`, without any word before it.
 *
 * @param store the events
 * @param viewers the viewer tokens and sessions
 * @param limit slows down clients that guess tokens
 */
export function retracedViewerApi(store: Store, viewers: Viewers, limit: RefusalLimit): Router {
  const router = Router();
  const json = jsonBody();

  router.post('/viewer/v1/viewersession', json, (request, response) => {
    const { token } = (bodyOf(request) ?? {}) as { token?: unknown };
    const opened = typeof token === 'string' ? viewers.exchange(token) : undefined;
    if (!opened) return limit.refuse(request, response, 'Unauthorized');
    response.json({ project_id: opened.session.scope.project, token: opened.secret });
  });

  const withSession: RequestHandler = (request, response, next) => {
    const session = viewers.find(request.headers.authorization ?? '');
    if (!session?.viewer) return limit.refuse(request, response, 'Unauthorized');
    response.locals['session'] = session;
    response.set('cache-control', 'no-store');
    next();
  };
  async function answer(request: Request, response: Response, body: unknown): Promise<void> {
    const session = sessionIn(response);
    const isRecorded = request.query['skipViewLogEvent'] === undefined;
    await sendGraphql(store, session.scope, body, response, isRecorded ? () => recordView(store, session, request) : undefined);
  }
  router.post(GRAPHQL, withSession, json, (request, response) => answer(request, response, bodyOf(request)));
  router.get(GRAPHQL, withSession, (request, response) => answer(request, response, graphqlQuery(request.query)));
  // The collector has neither saved exports nor tokens for other tools.
  router.get(['/viewer/v1/project/:project/exports', '/viewer/v1/project/:project/eitapi_tokens'], withSession, (_request, response) => {
    response.json([]);
  });
  router.use('/viewer/v1', (_request, response) => refuse(response, { status: 404, error: 'Not found' }));
  return router;
}
