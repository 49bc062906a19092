import type { AuditEvent } from '@auditlogin/core';
import { violations } from '@auditlogin/core/log';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { safeParse } from 'valibot';
import type { Access, Grant } from '../access/access.js';
import type { RefusalLimit } from '../guard.js';
import { checkedCondition } from '../store/filter-check.js';
import { filtersSchema } from '../store/filters.js';
import type { Store } from '../store/store.js';
import { type ApiError, invalidQuery, refuse } from './errors.js';
import { graphqlQuery, sendGraphql } from './graphql-http.js';
import { bodyOf, jsonBody } from './json-body.js';
import { keep } from './keep.js';
import { writeLines } from './lines.js';
import { viewerTokenQuery } from './queries.js';
import { MAX_EVENTS } from './schemas.js';

/**
 * The routes of the Publisher API. They take what the real server takes, with the same status and hash, and refuse everything else with a reason.
 *
 * @param store where the events are stored
 * @param access the tokens
 * @param limit slows down clients that guess tokens
 */
export function publisherApi(store: Store, access: Access, limit: RefusalLimit): Router {
  const router = Router();
  const json = jsonBody();

  // The real server says this before it looks at the token.
  router.get('/publisher/v1/project/:project/viewertoken', (request, response, next) => {
    const { group_id, team_id } = request.query;
    if ([group_id, team_id].some((group) => typeof group === 'string' && group !== '')) return next();
    refuse(response, { status: 400, error: 'Either group_id or team_id is required' });
  });

  router.use(['/publisher/v1/project/:project', '/publisher/v1/graphql'], (request, response, next) => {
    const grant = grantFor(request, access);
    if (typeof grant === 'string') return limit.refuse(request, response, grant);
    response.locals['grant'] = grant;
    next();
  });

  const forReaders: RequestHandler = (_request, response, next) => {
    if (grantOf(response).mayRead) return next();
    refuse(response, { status: 403, error: 'This token can publish events, but not read the log' });
  };

  router.post('/publisher/v1/project/:project/event', json, async (request, response) => {
    const body = bodyOf(request);
    const [violation, ...others] = violations(body);
    if (violation) return refuse(response, { status: 400, error: [violation, ...others].map(({ message }) => message).join('\n--') });
    const [receipt] = await keep(store, grantOf(response).project, [body as AuditEvent]);
    response.status(201).json(receipt);
  });

  router.post('/publisher/v1/project/:project/event/bulk', json, async (request, response) => {
    const { events } = (bodyOf(request) ?? {}) as { events?: unknown };
    const problem = bulkProblem(events);
    if (problem) return refuse(response, problem);
    response.status(201).json(await keep(store, grantOf(response).project, events as AuditEvent[]));
  });

  router.post(['/publisher/v1/project/:project/graphql', '/publisher/v1/graphql'], forReaders, json, async (request, response) => {
    await sendGraphql(store, { project: grantOf(response).project }, bodyOf(request), response);
  });
  router.get('/publisher/v1/graphql', forReaders, async (request, response) => {
    await sendGraphql(store, { project: grantOf(response).project }, graphqlQuery(request.query), response);
  });

  router.get('/publisher/v1/project/:project/viewertoken', forReaders, (request, response) => {
    const { success, output, issues } = safeParse(viewerTokenQuery, request.query);
    if (!success) return refuse(response, invalidQuery(issues));
    const grant = grantOf(response);
    const { group_id, team_id, target_id, actor_id, view_log_action: viewLogAction } = output;
    const token = access.viewers.issue(
      { project: grant.project, group: group_id || team_id, target: target_id || undefined, actor: actor_id || undefined, viewLogAction },
      grant,
    );
    response.status(201).json({ token });
  });

  router.get('/publisher/v1/project/:project/export', forReaders, async (request, response) => {
    const { success, output, issues } = safeParse(filtersSchema, request.query);
    if (!success) return refuse(response, invalidQuery(issues));
    const scope = { project: grantOf(response).project };
    await writeLines(store, scope, checkedCondition(store, scope, output), response);
  });
  return router;
}

function grantOf(response: Response): Grant {
  return response.locals['grant'] as Grant;
}

/** What the token of a request opens, or why it opens nothing, in the words of the real server. */
function grantFor(request: Request, access: Access): Grant | string {
  const header = request.headers.authorization;
  if (header === undefined) return 'Missing Authorization header';
  const token = /token=(.+)/.exec(header)?.[1];
  if (token === undefined) return 'Invalid Authorization header form';
  const grant = access.publisher(token);
  const { project } = request.params;
  return grant && (project === undefined || grant.project === project) ? grant : 'Unauthorized';
}

function bulkProblem(events: unknown): ApiError | undefined {
  if (!Array.isArray(events)) return { status: 400, error: '"events" must be an array' };
  if (events.length === 0) return { status: 400, error: '"events" must not be empty' };
  if (events.length > MAX_EVENTS) {
    return { status: 400, error: `A maximum of ${MAX_EVENTS} events may be created at once, received ${events.length}` };
  }
  const invalid = events.flatMap((event, index) => {
    const found = violations(event);
    if (found.length === 0) return [];
    const message = `Invalid event input at index ${index}:\n-- ${found.map((violation) => violation.message).join('\n-- ')}`;
    return [{ index, message, violations: found }];
  });
  if (invalid.length === 0) return undefined;
  const messages = invalid.map(({ message }) => message).join('\n- ');
  return { status: 400, error: `One or more invalid inputs, no events were logged:\n- ${messages}`, invalid };
}
