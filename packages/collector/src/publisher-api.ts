import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { type AuditEvent, eventHash, type Receipt, violations } from '@auditlogin/core';
import express, { type NextFunction, type Request, type Response, Router } from 'express';
import { answerGraphql } from './graphql.js';
import type { Store } from './store.js';

const MAX_EVENTS = 50;
const MAX_BODY = '10mb';

/** Whose events are taken. */
export interface Access {
  project: string;
  token: string;
}

interface ApiError {
  status: number;
  error: string;
  invalid?: object[];
}

/**
 * The Publisher API: create, bulk, search. It takes what the real server takes, with the same status and hash, and refuses the rest with a reason.
 *
 * @param store where the events go
 * @param access whose events are taken
 */
export function publisherApi(store: Store, access: Access): Router {
  const router = Router();
  const json = express.json({ limit: MAX_BODY });

  router.use('/publisher/v1/project/:project', (request, response, next) => {
    const problem = authorisationProblem(request.headers.authorization, request.params['project'] ?? '', access);
    if (problem === undefined) next();
    else refuse(response, { status: 401, error: problem });
  });

  router.post('/publisher/v1/project/:project/event', json, (request, response) => {
    const body = bodyOf(request);
    const [violation, ...others] = violations(body);
    if (violation) return refuse(response, { status: 400, error: [violation, ...others].map(({ message }) => message).join('\n--') });
    response.status(201).json(keep(store, access.project, [body as AuditEvent])[0]);
  });

  router.post('/publisher/v1/project/:project/event/bulk', json, (request, response) => {
    const body = bodyOf(request) as { events?: unknown } | undefined;
    const problem = bulkProblem(body?.events);
    if (problem) return refuse(response, problem);
    response.status(201).json(keep(store, access.project, body!.events as AuditEvent[]));
  });

  router.post('/publisher/v1/project/:project/graphql', json, async (request, response) => {
    const body = bodyOf(request) as { query?: unknown; variables?: unknown } | undefined;
    if (typeof body?.query !== 'string') return refuse(response, { status: 400, error: '"query" must be a string' });
    const variables = typeof body.variables === 'object' && body.variables !== null ? body.variables : undefined;
    response.json(await answerGraphql(store, access.project, body.query, variables as Record<string, unknown> | undefined));
  });
  return router;
}

/**
 * The last two handlers: what is not found, and what went wrong before a handler could answer (a malformed or oversized body).
 *
 * @param app the application, with everything else in place
 */
export function apiErrors(app: express.Express): void {
  app.use((_request: Request, response: Response) => refuse(response, { status: 404, error: 'Not found' }));
  // Express knows an error handler by its four parameters.
  app.use((thrown: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    const { status, message } = thrown as { status?: unknown; message?: unknown };
    const isClientError = typeof status === 'number' && status >= 400 && status < 500;
    refuse(response, isClientError ? { status, error: String(message).slice(0, 200) } : { status: 500, error: 'The collector failed' });
  });
}

function authorisationProblem(header: string | undefined, project: string, access: Access): string | undefined {
  if (header === undefined) return 'Missing Authorization header';
  const token = /token=(.+)/.exec(header)?.[1];
  if (token === undefined) return 'Invalid Authorization header form';
  const right = sameSecret(token, access.token);
  return right && project === access.project ? undefined : 'Unauthorized';
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
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

function keep(store: Store, project: string, events: AuditEvent[]): Receipt[] {
  const kept = events.map((event) => {
    const id = randomUUID().replaceAll('-', '');
    return { id, hash: eventHash(id, event), event };
  });
  store.insert(project, kept);
  return kept.map(({ id, hash }) => ({ id, hash }));
}

function refuse(response: Response, problem: ApiError): void {
  response.status(problem.status).json({ ...problem, type: problem.status === 401 ? 'unauthorized' : 'invalid_request' });
}
