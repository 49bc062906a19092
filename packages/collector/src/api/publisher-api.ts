import type { AuditEvent } from '@auditlogin/core';
import { violations } from '@auditlogin/core/log';
import express, { type Request, Router } from 'express';
import { safeParse } from 'valibot';
import type { Access, Grant } from '../access/access.js';
import type { RefusalLimit } from '../guard.js';
import { conditionOf, filtersSchema } from '../store/filters.js';
import type { Store } from '../store/store.js';
import { type ApiError, invalidQuery, refuse } from './errors.js';
import { answerGraphql } from './graphql.js';
import { keep } from './keep.js';
import { writeLines } from './lines.js';
import { viewerTokenQuery } from './queries.js';
import { MAX_EVENTS } from './schemas.js';

const MAX_BODY = '10mb';
/**
 * The routes of the Publisher API. They take what the real server takes, with the same status and hash, and refuse everything else with a reason.
 *
 * @param store where the events are stored
 * @param access the tokens
 * @param limit slows down clients that guess tokens
 */
export function publisherApi(store: Store, access: Access, limit: RefusalLimit): Router {
  const router = Router();
  const json = express.json({ limit: MAX_BODY });

  router.use('/publisher/v1/project/:project', (request, response, next) => {
    const grant = grantFor(request, access);
    if (typeof grant === 'string') return limit.refuse(request, response, grant);
    response.locals['grant'] = grant;
    next();
  });

  router.post('/publisher/v1/project/:project/event', json, async (request, response) => {
    const body = bodyOf(request);
    const [violation, ...others] = violations(body);
    if (violation) return refuse(response, { status: 400, error: [violation, ...others].map(({ message }) => message).join('\n--') });
    const [receipt] = await keep(store, request.params.project, [body as AuditEvent]);
    response.status(201).json(receipt);
  });

  router.post('/publisher/v1/project/:project/event/bulk', json, async (request, response) => {
    const { events } = (bodyOf(request) ?? {}) as { events?: unknown };
    const problem = bulkProblem(events);
    if (problem) return refuse(response, problem);
    response.status(201).json(await keep(store, request.params.project, events as AuditEvent[]));
  });

  router.post('/publisher/v1/project/:project/graphql', json, async (request, response) => {
    const body = bodyOf(request) as { query?: unknown; variables?: unknown } | undefined;
    if (typeof body?.query !== 'string') return refuse(response, { status: 400, error: '"query" must be a string' });
    const variables = typeof body.variables === 'object' && body.variables !== null ? body.variables : undefined;
    const answer = await answerGraphql(
      store,
      { project: request.params.project },
      body.query,
      variables as Record<string, unknown> | undefined,
    );
    response.status(answer.status).json(answer.body);
  });

  router.get('/publisher/v1/project/:project/viewertoken', (request, response) => {
    const { success, output, issues } = safeParse(viewerTokenQuery, request.query);
    if (!success) return refuse(response, invalidQuery(issues));
    const { group_id: group, target_id: target, actor_id: actor, view_log_action: viewLogAction } = output;
    const { project } = request.params;
    const token = access.viewers.issue({ project, group, target, actor, viewLogAction }, response.locals['grant'] as Grant);
    response.status(201).json({ token });
  });

  router.get('/publisher/v1/project/:project/export', async (request, response) => {
    const { success, output, issues } = safeParse(filtersSchema, request.query);
    if (!success) return refuse(response, invalidQuery(issues));
    await writeLines(store, { project: request.params.project }, conditionOf(output), response);
  });
  return router;
}

/** What the token of a request opens, or why it opens nothing, in the words of the real server. */
function grantFor(request: Request, access: Access): Grant | string {
  const header = request.headers.authorization;
  if (header === undefined) return 'Missing Authorization header';
  const token = /token=(.+)/.exec(header)?.[1];
  if (token === undefined) return 'Invalid Authorization header form';
  const grant = access.publisher(token);
  return grant && grant.project === request.params['project'] ? grant : 'Unauthorized';
}

function bodyOf(request: Request): unknown {
  if (request.body !== undefined) return request.body;
  throw Object.assign(new Error('The body must be JSON, with Content-Type: application/json'), { status: 400 });
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
