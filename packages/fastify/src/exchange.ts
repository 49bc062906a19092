import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type RequestAdapter,
  type RequestSnapshot,
  type RouteSnapshot,
  watchSessionStore as watchExpressStore,
} from '@auditlogin/core/adapter';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { watchSessionStore } from './session-store.js';

/** The properties that plugins set on a Fastify request, and middleware of node:http on its raw request. */
interface Decorated {
  user?: unknown;
  session?: unknown;
  sessionStore?: unknown;
}

/** Shows a request and reply of Fastify to the core. */
export class Exchange implements RequestAdapter<FastifyRequest> {
  readonly target: string;

  constructor(
    readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    this.target = request.originalUrl;
  }

  get incoming(): IncomingMessage {
    return this.request.raw;
  }

  get outgoing(): ServerResponse {
    return this.reply.raw;
  }

  address(): string | undefined {
    return this.request.ip;
  }

  /** Middleware of node:http (@fastify/middie, @fastify/express) sets the user on the raw request. */
  user(): unknown {
    return (this.request as Decorated).user ?? (this.request.raw as Decorated).user;
  }

  session(): unknown {
    const { session, sessionStore } = this.request as Decorated;
    const raw = this.request.raw as Decorated;
    if (sessionStore !== undefined) watchSessionStore(sessionStore);
    // express-session, by @fastify/middie or @fastify/express.
    if (raw.sessionStore !== undefined) watchExpressStore(raw.sessionStore);
    // @fastify/secure-session keeps the content of a session that it is about to delete.
    return isDeleted(session) ? undefined : (session ?? raw.session);
  }

  endSession(): void {
    const { session } = this.request as { session?: { destroy?(): unknown; delete?(): unknown } };
    // @fastify/secure-session has `delete` instead.
    const ended = session?.destroy ? session.destroy() : session?.delete?.();
    if (ended instanceof Promise) ended.catch(() => undefined);
  }

  route(): RouteSnapshot | undefined {
    return routeOf(this.request);
  }

  snapshot(): RequestSnapshot {
    const { request } = this;
    return {
      user: this.user(),
      session: this.session(),
      body: request.body ?? (request.raw as { body?: unknown }).body,
      method: request.method,
      isUnhandled: isFallback(request, this.reply),
      requestId: String(request.id),
    };
  }
}

function isDeleted(session: unknown): boolean {
  return typeof session === 'object' && session !== null && (session as { deleted?: unknown }).deleted === true;
}

const REACHED = Symbol('auditlogin.reached');

/**
 * Records that a request has passed the hooks that may refuse it.
 *
 * @param request the Fastify request
 */
export function noteReached(request: FastifyRequest): void {
  (request as { [REACHED]?: boolean })[REACHED] = true;
}

/**
 * Returns the route that Fastify's router chose.
 *
 * @param request the Fastify request
 * @returns undefined if none matched
 */
export function routeOf(request: FastifyRequest): RouteSnapshot | undefined {
  const { url } = request.routeOptions;
  if (url === undefined) return undefined;
  const params = request.params as Record<string, unknown> | undefined;
  return { pattern: url, matched: openEnd(url, params) ?? pathIn(request), params };
}

/** Replaces a wildcard or parameter at the end of a pattern by the matched text. */
function openEnd(pattern: string, params: Record<string, unknown> | undefined): string | undefined {
  const [end = '', name = '*'] = /(?:\*|:(\w+))$/.exec(pattern) ?? [];
  const text = params?.[name];
  return end !== '' && typeof text === 'string' ? pattern.slice(0, -end.length) + text : undefined;
}

/** Returns the decoded path after `rewriteUrl`. */
function pathIn({ raw }: FastifyRequest): string {
  const path = (raw.url ?? '/').replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/)[0] || '/';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Whether the response is Fastify's own 404, from its `basic404`. A response of an application's not-found handler, a hook or middleware of node:http is the
 * application's response.
 */
function isFallback(request: FastifyRequest, reply: FastifyReply): boolean {
  if (!request.is404 || reply.raw.statusCode !== 404 || !(REACHED in request)) return false;
  return (request.routeOptions as { handler?: { name?: string } }).handler?.name === 'basic404';
}
