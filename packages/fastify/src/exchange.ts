import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestAdapter, RequestSnapshot, RouteSnapshot } from '@auditlogin/core/adapter';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { watchSessionStore } from './session-store.js';

/** What plugins put on a Fastify request, and middleware of node:http on its raw one. */
interface Decorated {
  user?: unknown;
  session?: unknown;
  sessionStore?: unknown;
}

/** An exchange of Fastify, as the core looks at it. */
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

  /** Middleware of node:http (@fastify/middie, @fastify/express) puts its user on the raw request. */
  user(): unknown {
    return (this.request as Decorated).user ?? (this.request.raw as Decorated).user;
  }

  session(): unknown {
    const { session, sessionStore } = this.request as Decorated;
    if (sessionStore !== undefined) watchSessionStore(sessionStore);
    return session ?? (this.request.raw as Decorated).session;
  }

  endSession(): void {
    const { session } = this.request as { session?: { destroy?(): unknown; delete?(): unknown } };
    // @fastify/secure-session calls it `delete`.
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

const REACHED = Symbol('auditlogin.reached');

/**
 * Notes that the hooks which may refuse a request have let it pass.
 *
 * @param request the Fastify request
 */
export function noteReached(request: FastifyRequest): void {
  (request as { [REACHED]?: boolean })[REACHED] = true;
}

/**
 * The route that Fastify's router chose.
 *
 * @param request the Fastify request
 * @returns undefined where none matched
 */
export function routeOf(request: FastifyRequest): RouteSnapshot | undefined {
  const { url } = request.routeOptions;
  if (url === undefined) return undefined;
  const params = request.params as Record<string, unknown> | undefined;
  return { pattern: url, matched: openEnd(url, params) ?? pathIn(request), params };
}

/** A pattern that ends in a wildcard or parameter, with the text that the router took for that. */
function openEnd(pattern: string, params: Record<string, unknown> | undefined): string | undefined {
  const [end = '', name = '*'] = /(?:\*|:(\w+))$/.exec(pattern) ?? [];
  const text = params?.[name];
  return end !== '' && typeof text === 'string' ? pattern.slice(0, -end.length) + text : undefined;
}

/** The path behind `rewriteUrl`, decoded. */
function pathIn({ raw }: FastifyRequest): string {
  const path = (raw.url ?? '/').replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/)[0] || '/';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Fastify's own 404, which its `basic404` gives. What an application's not-found handler, a hook or middleware of node:http answers is the application's
 * answer.
 */
function isFallback(request: FastifyRequest, reply: FastifyReply): boolean {
  if (!request.is404 || reply.raw.statusCode !== 404 || !(REACHED in request)) return false;
  return (request.routeOptions as { handler?: { name?: string } }).handler?.name === 'basic404';
}
