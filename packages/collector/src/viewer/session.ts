import express, { type Request, type Response, Router } from 'express';
import { safeParse } from 'valibot';
import type { Viewers, ViewerSession } from '../access/viewers.js';
import { refuse } from '../api/errors.js';
import { tokenSchema } from '../api/schemas.js';
import type { RefusalLimit } from '../guard.js';
import type { Store } from '../store/store.js';
import { recordView } from './view-record.js';

const COOKIE = 'auditlogin_viewer';
const PATH = '/viewer/session';

/**
 * Creates the routes for signing in to the viewer and out of it. A token is exchanged for a cookie that no script can read and no other site can send. A
 * sign-in with a viewer token is recorded in the log, as in Retraced.
 *
 * @param store the store that the sign-in is recorded in
 * @param viewers the viewer tokens and sessions
 * @param limit limits clients that guess tokens
 */
export function sessionRoutes(store: Store, viewers: Viewers, limit: RefusalLimit): Router {
  const router = Router();
  router.get(PATH, (request, response) => {
    const session = sessionOf(request, viewers);
    if (session) response.json(describe(session));
    else refuse(response, { status: 401, error: 'Not signed in' });
  });
  router.post(PATH, express.json({ limit: '4kb' }), async (request, response) => {
    const { success, output } = safeParse(tokenSchema, request.body);
    const opened = success && viewers.open(output.token);
    if (!opened)
      return limit.refuse(
        request,
        response,
        'The token is not valid: it is wrong, was used before, is older than five minutes, or was revoked',
      );
    await recordView(store, opened.session, request);
    response.cookie(COOKIE, opened.secret, {
      httpOnly: true,
      sameSite: 'strict',
      secure: request.secure,
      path: `${request.baseUrl}/viewer`,
    });
    response.status(201).json(describe(opened.session));
  });
  router.delete(PATH, (request, response) => {
    const secret = secretIn(request);
    if (secret !== undefined) viewers.close(secret);
    response.clearCookie(COOKIE, { path: `${request.baseUrl}/viewer` });
    response.status(204).end();
  });
  return router;
}

/**
 * Finds the session of a request.
 *
 * @param request the request
 * @param viewers the viewer tokens and sessions
 */
export function sessionOf(request: Request, viewers: Viewers): ViewerSession | undefined {
  const secret = secretIn(request);
  return secret === undefined ? undefined : viewers.find(secret);
}

/**
 * Returns the session that the routes of the viewer have found.
 *
 * @param response the response to the request
 */
export function sessionIn(response: Response): ViewerSession {
  return response.locals['session'] as ViewerSession;
}

function secretIn({ headers }: Request): string | undefined {
  return new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{1,128})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
}

function describe({ scope, viewer }: ViewerSession): object {
  return { ...scope, kind: viewer ? 'viewer' : 'publisher' };
}
