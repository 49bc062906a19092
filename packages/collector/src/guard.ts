import { isIP } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { refuse } from './api/errors.js';

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/i;
const WINDOW = 60_000;

/**
 * Whether only this machine can reach an address.
 *
 * @param host a name or an address
 */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/**
 * Refuses requests whose `Host` is not a name of the collector. If the name of another site resolves to this machine (DNS rebinding), its pages still send
 * that name. An address in `Host` is safe, since DNS cannot change its meaning.
 *
 * @param host where the collector listens
 * @param allowed further names of the collector
 */
export function hostCheck(host: string, allowed: readonly string[]): RequestHandler {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  return (request, response, next) => {
    const name = nameIn(request);
    const isAddress = !isLoopback(host) && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
    if (LOOPBACK.test(name) || names.has(name.toLowerCase()) || isAddress) return next();
    refuse(response, { status: 403, error: 'The Host header has no name of this collector; see the option "allowedHosts"' });
  };
}

/** Limits clients that guess tokens. */
export interface RefusalLimit {
  /** Answers 429 if the address got too many 401 answers within the last minute. */
  check: RequestHandler;
  /** Answers 401 and counts it. */
  refuse(request: Request, response: Response, error: string): void;
}

/**
 * Limits the number of 401 answers to an address within a minute; beyond it the address gets 429. Requests with a valid token do not count.
 *
 * @param limit the most 401 answers within a minute
 */
export function refusalLimit(limit: number): RefusalLimit {
  // Behind a proxy all clients have the proxy's address, so the proxy has to limit them.
  const keyOf = (request: Request): string => ipKeyGenerator(request.socket.remoteAddress ?? '');
  const tooMany = (_request: Request, response: Response): void =>
    refuse(response, { status: 429, error: 'Too many requests without a valid token; wait a minute' });
  const limiter = rateLimit({
    windowMs: WINDOW,
    limit,
    standardHeaders: false,
    legacyHeaders: false,
    handler: tooMany,
    keyGenerator: keyOf,
  });
  return {
    async check(request, response, next) {
      const hits = (await limiter.getKey(keyOf(request)))?.totalHits ?? 0;
      if (hits < limit) next();
      else tooMany(request, response);
    },
    refuse(request, response, error) {
      void limiter(request, response, () => refuse(response, { status: 401, error }));
    },
  };
}

function nameIn({ headers }: Request): string {
  return (headers.host ?? '').replace(/:\d+$/, '');
}
